// Every setting that something here uses: its default, what is allowed, what it means.
import { always, anything, day, matching, modelName, oneOf, type Setting, webAddress } from './setting.ts'
import { CLOUD_SETTINGS, UNUSED_SETTINGS } from './settings-recipe.ts'
import { TRACKING_SETTINGS } from './settings-tracking.ts'

/** In the environment only: another file than `.env`. */
export const DOTENV_VARIABLE = 'UNDERSTUDY_DOTENV'
/** Read before all others, because the rest depend on it. */
export const PROJECT_SETTING = 'UNDERSTUDY_PROJECT'
export const DEFAULT_PROJECT = 'taxifare'
/** How stored times are to be read; the recipe gave it its name. */
export const TIME_SETTING = 'PICKUP_TIMES'

const TRAINERS = ['mlp', 'trees', 'linear']

/** Under MODEL_TARGET=local a name nobody has filled in yet does no harm: the default stands in for it. */
const forServer: Setting['filledFor'] = (values) => {
  const target = values('MODEL_TARGET')
  return target === 'local' ? null : `MODEL_TARGET=${target}`
}
const forChat: Setting['usedBy'] = (values) => (values('NOTIFY_CHAT_URL') === '' ? null : 'NOTIFY_CHAT_URL')

const DATA: readonly Setting[] = [
  {
    name: 'DATA_SIZE',
    group: 'data',
    scope: 'model',
    fallback: (project) => project.defaultSize,
    allowed: (project) => project.sizes.join(', '),
    check: (text, project) => project.sizes.includes(text),
    meaning: 'which raw table is used, and its processed one',
  },
  {
    name: 'EVALUATION_START_DATE',
    group: 'data',
    scope: 'model',
    fallback: (project) => project.defaultEvaluationStart,
    ...day,
    meaning: 'first day of the month that a cycle treats as fresh',
  },
  {
    name: TIME_SETTING,
    group: 'data',
    scope: 'model',
    fallback: always('utc'),
    ...oneOf('utc', 'local'),
    meaning:
      "utc: times are converted to the place's clock, as the recipe does; local: they are the place's clock already",
  },
]

const PLACE: readonly Setting[] = [
  ...TRACKING_SETTINGS,
  {
    name: 'MLFLOW_EXPERIMENT',
    group: 'place',
    scope: 'model',
    fallback: (project) => `${project.name}_experiment`,
    ...modelName,
    meaning: 'the experiment that runs are filed under',
    filledFor: forServer,
  },
  {
    name: 'MLFLOW_MODEL_NAME',
    group: 'place',
    scope: 'model',
    fallback: (project) => project.name,
    ...modelName,
    meaning: 'the registered model',
    filledFor: forServer,
  },
  {
    name: 'UNDERSTUDY_HOME',
    group: 'place',
    scope: 'shared',
    fallback: always('.understudy'),
    ...anything('a folder; a relative one is taken from the folder of package.json'),
    meaning: 'where everything is kept',
  },
  {
    name: PROJECT_SETTING,
    group: 'place',
    scope: 'shared',
    fallback: always(DEFAULT_PROJECT),
    ...anything(
      'the name or path of a folder with a project.ts, or a path to a TypeScript file that exports "project"',
    ),
    meaning: 'the model that is kept unless --project names another',
  },
  {
    name: 'ARTIFACTS',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    ...anything('empty, or a folder; gs:// and s3:// come with a later version'),
    meaning: 'where the files of runs and models are kept; empty is artifacts/ in the home',
    later: (text) =>
      /^[a-z][a-z0-9+.-]+:\/\//i.test(text)
        ? `${/^(gs|s3):/.test(text) ? 'artifacts in a bucket come with a later version' : 'this is no folder'}; set ARTIFACTS to a folder, or empty`
        : null,
  },
  {
    name: 'WAREHOUSE',
    group: 'place',
    scope: 'shared',
    fallback: always('duckdb'),
    ...oneOf('duckdb', 'bigquery'),
    meaning: 'where rows are kept; duckdb: Parquet files in the home; bigquery: comes with a later version',
    later: (text) => (text === 'bigquery' ? 'rows in BigQuery come with a later version; set WAREHOUSE=duckdb' : null),
  },
  {
    name: 'UNDERSTUDY_DATABASE_URL',
    group: 'place',
    scope: 'shared',
    fallback: always(''),
    ...matching(/^postgres(ql)?:\/\/./, 'empty; postgres://… comes with a later version'),
    meaning: 'the database of runs and of the journal; empty: two SQLite files in the home',
    later: (text) =>
      text === ''
        ? null
        : 'Postgres comes with a later version; set UNDERSTUDY_DATABASE_URL empty, for files in the home',
  },
]

const GATE: readonly Setting[] = [
  {
    name: 'GATE_THRESHOLD',
    group: 'gate',
    scope: 'model',
    fallback: (project) => String(project.defaultThreshold),
    allowed: always('a number above 0'),
    check: (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0 && Number.isFinite(Number(text)),
    meaning: "largest error that is good enough, in the metric's unit",
  },
  {
    name: 'GATE_RULE',
    group: 'gate',
    scope: 'model',
    fallback: always('point'),
    ...oneOf('point', 'significant'),
    meaning: 'point: a lower error promotes; significant: only one whose 95 % interval says so',
  },
  {
    name: 'FIRST_CHAMPION',
    group: 'gate',
    scope: 'model',
    fallback: always('accept'),
    ...oneOf('accept', 'ask'),
    meaning: 'whether the first model goes to Production by itself, or waits for a person',
  },
]

const TRAINING: readonly Setting[] = [
  {
    name: 'TRAINERS',
    group: 'training',
    scope: 'model',
    fallback: always('mlp,trees'),
    allowed: always(`one or more of ${TRAINERS.join(', ')}, each once, separated by commas`),
    check: (text) => {
      const parts = text.split(',').map((part) => part.trim())
      return parts.every((part) => TRAINERS.includes(part)) && new Set(parts).size === parts.length
    },
    meaning:
      "what learns, each on its own; the best on the early-stop rows becomes the challenger; the recipe's own is mlp",
  },
  {
    name: 'TRAIN_WINDOW',
    group: 'training',
    scope: 'model',
    fallback: always(''),
    allowed: always('month, history, or empty (month for mlp where it has weights to go on from, else history)'),
    check: (text) => ['', 'month', 'history'].includes(text),
    meaning:
      "what a challenger learns: the month's fit rows, starting from the champion, or all rows before them too, starting cold",
  },
  {
    name: 'REFIT',
    group: 'training',
    scope: 'model',
    fallback: always('off'),
    ...oneOf('off', 'on'),
    meaning: 'whether a promoted challenger learns the whole month once more before it serves',
  },
  {
    name: 'SEED',
    group: 'training',
    scope: 'model',
    fallback: always('0'),
    allowed: always('a whole number from 0 to 2147483647'),
    check: (text) => /^\d{1,10}$/.test(text) && Number(text) <= 2_147_483_647,
    meaning: 'seed of every random choice in training',
  },
  {
    name: 'TUNE_TRIALS',
    group: 'training',
    scope: 'model',
    fallback: always('0'),
    allowed: always('a whole number from 0 to 1000'),
    check: (text) => /^\d{1,4}$/.test(text) && Number(text) <= 1_000,
    meaning:
      'how many other settings of each trainer a cycle tries, forward in time on the rows it learns, before it trains a challenger with the best; 0: none',
  },
  {
    name: 'TRAINER_SETTINGS',
    group: 'training',
    scope: 'model',
    fallback: always(''),
    ...matching(
      /^\s*[A-Za-z]\w*(\.[A-Za-z]\w*)?=\S+(\s+[A-Za-z]\w*(\.[A-Za-z]\w*)?=\S+)*\s*$/,
      'NAME=VALUE, separated by spaces; a name may begin with its trainer, as in mlp.learning_rate',
    ),
    example: 'mlp.learning_rate=0.001',
    meaning:
      "what trainers learn with in place of the recipe's own settings; ./understudy tune finds some and prints this line",
  },
]

const TELLING: readonly Setting[] = [
  {
    name: 'NOTIFY_CHAT_URL',
    group: 'telling',
    scope: 'shared',
    fallback: always(''),
    ...webAddress,
    meaning: "the recipe's chat, which is told of every outcome; empty: only this terminal is",
  },
  {
    name: 'NOTIFY_CHANNEL',
    group: 'telling',
    scope: 'shared',
    fallback: always(''),
    ...matching(/^[^\s/]{1,200}$/, 'a name without spaces and slashes'),
    example: '1234',
    meaning: 'the channel of that chat: your batch',
    usedBy: forChat,
    required: true,
  },
  {
    name: 'NOTIFY_AUTHOR',
    group: 'telling',
    scope: 'shared',
    fallback: (project) => `understudy ${project.name}`,
    ...anything('any name'),
    meaning: 'who the messages are from, so that several models may share a channel',
    usedBy: forChat,
  },
]

const PREFECT: readonly Setting[] = [
  {
    name: 'PREFECT_FLOW_NAME',
    group: 'prefect',
    scope: 'model',
    fallback: (project) => `${project.name}_lifecycle`,
    ...matching(/^[^\r\n]{1,200}$/, 'any name of up to 200 letters'),
    meaning: 'the name of the flow; the bridge that shows it to Prefect comes with a later version',
    filledFor: always(null),
  },
  {
    name: 'PREFECT_LOG_LEVEL',
    group: 'prefect',
    scope: 'shared',
    fallback: always('WARNING'),
    ...matching(/^(debug|info|warning|error|critical)$/i, 'DEBUG, INFO, WARNING, ERROR, CRITICAL'),
    meaning:
      "how much is told of a flow while it runs: ERROR and CRITICAL only what goes wrong, INFO and DEBUG also each run; the recipe's test wants exactly WARNING",
  },
]

export const SETTINGS: readonly Setting[] = [
  ...DATA,
  ...PLACE,
  ...GATE,
  ...TRAINING,
  ...TELLING,
  ...PREFECT,
  ...CLOUD_SETTINGS,
  ...UNUSED_SETTINGS,
]
