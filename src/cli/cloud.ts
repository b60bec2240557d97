// The recipe's places in a cloud, and which settings would take rows and models there.
import type { SettingReport } from './command.ts'

/** A place that is not used here: what is in its stead, and what to set for it. */
export interface CloudPlace {
  readonly what: string
  readonly why: string
  readonly next: string
}

/** The data set of processed tables. */
export function dataSet(reports: readonly SettingReport[], home: string): CloudPlace {
  return {
    what: 'no data set in BigQuery is used',
    why: `${told(reports, 'WAREHOUSE')}, so rows are kept in ${home}`,
    next: `for a data set, put into .env: WAREHOUSE=bigquery${lines(reports, { GCP_PROJECT: 'my-project-123456', GOOGLE_APPLICATION_CREDENTIALS: '/path/to/key.json' })} (BigQuery comes with a later version; until then this is refused)`,
  }
}

/** The bucket of models. */
export function bucket(reports: readonly SettingReport[], artifacts: string): CloudPlace {
  return {
    what: 'no bucket in Google Cloud Storage is used',
    why: `${told(reports, 'MODEL_TARGET')}, so models are kept in ${artifacts}`,
    next: `for a bucket, put into .env: MODEL_TARGET=gcs${lines(reports, { GCP_PROJECT: 'my-project-123456', BUCKET_NAME: 'my-models-123456', GOOGLE_APPLICATION_CREDENTIALS: '/path/to/key.json' })} (buckets come with a later version; until then this is refused)`,
  }
}

function told(reports: readonly SettingReport[], name: string): string {
  return `${name} is ${settingOf(reports, name) || 'not set'}`
}

/** The settings that are still empty, each with an example of what to put there. */
function lines(reports: readonly SettingReport[], examples: Readonly<Record<string, string>>): string {
  return Object.entries(examples)
    .filter(([name]) => settingOf(reports, name) === '')
    .map(([name, example]) => `, ${name}=${example}`)
    .join('')
}

function settingOf(reports: readonly SettingReport[], name: string): string {
  return reports.find((report) => report.name === name)?.value ?? ''
}
