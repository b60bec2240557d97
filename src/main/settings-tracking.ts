// The settings that say where runs and models are kept, and what opens the server that keeps them.
import { always, anything, isWebAddress, matching, oneOf, type Setting, type Values } from './setting.ts'

/** The choice that keeps runs and models on a server. */
const forRemote = (values: Values): string | null =>
  values('MODEL_TARGET') === 'mlflow' && isWebAddress(values('MLFLOW_TRACKING_URI'))
    ? 'a server in MLFLOW_TRACKING_URI'
    : null

export const TRACKING_SETTINGS: readonly Setting[] = [
  {
    name: 'MODEL_TARGET',
    group: 'place',
    scope: 'shared',
    fallback: always('local'),
    ...oneOf('local', 'gcs', 'mlflow'),
    meaning:
      "local: runs and models in the home, with copies of the recipe's files; mlflow: at MLFLOW_TRACKING_URI, a file or an MLflow server; gcs: comes with a later version",
    later: (text) =>
      text === 'gcs' ? 'models in a bucket come with a later version; set MODEL_TARGET=local or mlflow' : null,
  },
  {
    name: 'MLFLOW_TRACKING_URI',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    allowed: always(
      'empty; an MLflow server: http://… or https://…; or the file of a database: sqlite:///file.db (from the folder of package.json), sqlite:////path/to/file.db (from the root)',
    ),
    check: (text) => text === '' || /^sqlite:\/\/\/./.test(text) || isWebAddress(text),
    meaning: 'where MODEL_TARGET=mlflow keeps runs and models; empty is the home',
    usedBy: (values) => (values('MODEL_TARGET') === 'mlflow' ? 'MODEL_TARGET=mlflow' : null),
    later: (text) =>
      text.includes('#') ? "leave out the # and what follows it: that is a place in MLflow's page" : null,
  },
  {
    name: 'MLFLOW_TRACKING_USERNAME',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    ...anything('a name'),
    meaning: 'who that server knows you as, if it asks; never shown',
    usedBy: forRemote,
    isSecret: true,
  },
  {
    name: 'MLFLOW_TRACKING_PASSWORD',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    ...anything('the password that goes with the name'),
    example: 'your-password',
    meaning: 'its password; never shown',
    usedBy: (values) =>
      forRemote(values) !== null && values('MLFLOW_TRACKING_USERNAME') !== '' ? 'MLFLOW_TRACKING_USERNAME' : null,
    required: true,
    isSecret: true,
  },
  {
    name: 'MLFLOW_TRACKING_TOKEN',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    ...matching(/^[\x21-\x7e]+$/, 'a token, without spaces'),
    meaning: 'a token in place of name and password; never shown',
    usedBy: (values) => (values('MLFLOW_TRACKING_USERNAME') === '' ? forRemote(values) : null),
    isSecret: true,
  },
]
