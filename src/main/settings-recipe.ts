// The recipe's settings that nothing here uses, or that only its cloud does: accepted, so that an `.env` of the recipe stands as it is.
import { always, anything, matching, type Setting, type Values, webAddress } from './setting.ts'

/** The choice that takes rows or models to Google's cloud. */
const cloud = (values: Values): string | null =>
  values('WAREHOUSE') === 'bigquery'
    ? 'WAREHOUSE=bigquery'
    : values('MODEL_TARGET') === 'gcs'
      ? 'MODEL_TARGET=gcs'
      : null
const bucket = (values: Values): string | null => (values('MODEL_TARGET') === 'gcs' ? 'MODEL_TARGET=gcs' : null)
const bigquery = (values: Values): string | null => (values('WAREHOUSE') === 'bigquery' ? 'WAREHOUSE=bigquery' : null)

const projectId = matching(
  /^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
  'the id of a project: 6 to 30 of a-z, 0-9 and -',
)

export const CLOUD_SETTINGS: readonly Setting[] = [
  {
    name: 'GOOGLE_APPLICATION_CREDENTIALS',
    group: 'cloud',
    scope: 'shared',
    fallback: always(''),
    ...anything('a path to the JSON file of a service account'),
    example: '/path/to/key.json',
    meaning: 'the key that Google knows you by',
    usedBy: cloud,
    required: true,
  },
  {
    name: 'GCP_PROJECT',
    group: 'cloud',
    scope: 'shared',
    fallback: always(''),
    ...projectId,
    example: 'my-project-123456',
    meaning: 'your own project: it pays for queries and holds the processed tables',
    usedBy: cloud,
    required: true,
  },
  {
    name: 'GCP_PROJECT_WAGON',
    group: 'cloud',
    scope: 'shared',
    fallback: always('wagon-public-datasets'),
    ...projectId,
    meaning: 'the project that owns the raw tables; only read',
    usedBy: bigquery,
  },
  {
    name: 'GCP_REGION',
    group: 'cloud',
    scope: 'shared',
    fallback: always('europe-west1'),
    ...matching(/^[a-z]+-[a-z]+\d+$/, 'a region, such as europe-west1'),
    meaning: "the bucket's region",
    usedBy: cloud,
  },
  {
    name: 'BUCKET_NAME',
    group: 'cloud',
    scope: 'shared',
    fallback: always(''),
    ...matching(/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/, '3 to 63 of a-z, 0-9, -, _ and .'),
    example: 'taxifare_my-nickname',
    meaning: 'the bucket that models are kept in',
    usedBy: bucket,
    required: true,
  },
  {
    name: 'BQ_REGION',
    group: 'cloud',
    scope: 'shared',
    fallback: always('EU'),
    ...matching(/^([A-Z]{2}|[a-z]+-[a-z]+\d+)$/, 'EU, US, or a region'),
    meaning: 'where tables are made',
    usedBy: bigquery,
  },
  {
    name: 'BQ_DATASET',
    group: 'cloud',
    scope: 'shared',
    fallback: always('taxifare'),
    ...matching(/^\w{1,1024}$/, 'letters, digits and _'),
    meaning: 'the data set that holds the tables, in both projects',
    usedBy: bigquery,
  },
]

const unused = (
  name: string,
  fallback: string,
  form: Pick<Setting, 'allowed' | 'check'>,
  meaning: string,
): Setting => ({
  name,
  group: 'unused',
  scope: 'shared',
  fallback: always(fallback),
  ...form,
  meaning: `${meaning}; accepted and unused`,
  filledFor: always(null),
})
const image = matching(/^[a-z0-9][a-z0-9._/-]*$/, 'a name of a-z, 0-9, ., _, - and /')
const memory = matching(/^\d+(\.\d+)?([KMG]i?)?B?$/, 'an amount, such as 2Gi')

export const UNUSED_SETTINGS: readonly Setting[] = [
  unused(
    'CHUNK_SIZE',
    '200',
    matching(/^[1-9]\d{0,8}$/, 'a whole number above 0'),
    'rows per chunk of the old local route',
  ),
  unused(
    'INSTANCE',
    'taxi-instance',
    matching(/^[\w.-]{1,63}$/, 'up to 63 letters, digits, -, _ and .'),
    'the virtual machine of an earlier unit',
  ),
  unused('GCR_IMAGE', '', image, 'the image of the prediction server'),
  unused('GCR_REGION', '', matching(/^[a-z0-9.-]+$/, 'a registry, such as eu.gcr.io'), 'the registry it is kept in'),
  unused('GCR_MEMORY', '', memory, 'the memory it is given'),
  unused('GAR_IMAGE', '', image, 'the image of the prediction server, since 2024'),
  unused('GAR_MEMORY', '', memory, 'the memory it is given, since 2024'),
  unused('SERVICE_URL', '', webAddress, 'the address of the prediction server'),
]
