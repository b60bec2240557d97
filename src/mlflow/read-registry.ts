// Registered models and their versions as the interface shows them: rows with their tags, aliases and latest versions, in few queries.
import type { Selectable } from 'kysely'
import { type Sql, type TrackingSchema, WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE } from '../tracking/stages.ts'
import type { WireModelVersion, WireRegisteredModel } from '../tracking/wire.ts'
import type { Addresses } from './addresses.ts'
import { keyValueOf } from './experiments.ts'
import { filled, readInPieces } from './in-lists.ts'

/** A row of `model_versions`, selected whole. */
export type VersionRow = Selectable<TrackingSchema['model_versions']>
/** A row of `registered_models`, selected whole. */
export type ModelRow = Selectable<TrackingSchema['registered_models']>

/** Versions read in one round: tags are asked for by names and numbers, so a round stays small. */
const VERSIONS_AT_ONCE = 256

/** A version, with its tags and aliases, of each row, in the same order. */
export async function fillWireVersions(
  sql: Sql,
  addresses: Addresses,
  rows: readonly VersionRow[],
): Promise<WireModelVersion[]> {
  if (rows.length === 0) return []
  const tags = await tagsOfVersions(sql, rows)
  const aliases = await aliasesOf(sql, distinct(rows.map((row) => row.name)))
  return rows.map((row) => {
    const ownTags = tags.get(keyOf(row)) ?? []
    const ownAliases = (aliases.get(row.name) ?? []).filter((alias) => alias.version === row.version)
    return {
      ...baseOf(row, addresses),
      ...(ownAliases.length === 0 ? {} : { aliases: ownAliases.map(({ alias }) => alias) }),
      ...(ownTags.length === 0 ? {} : { tags: ownTags.map(keyValueOf) }),
    }
  })
}

/** The version of one row. */
export async function wireVersion(sql: Sql, addresses: Addresses, row: VersionRow): Promise<WireModelVersion> {
  const [version] = await fillWireVersions(sql, addresses, [row])
  if (version === undefined) throw new Error('one row of a version gives one version')
  return version
}

/** A registered model, with the latest version of each stage, tags and aliases, of each row, in the same order. */
export async function fillWireModels(
  sql: Sql,
  addresses: Addresses,
  rows: readonly ModelRow[],
): Promise<WireRegisteredModel[]> {
  if (rows.length === 0) return []
  const names = rows.map((row) => row.name)
  const latest = Map.groupBy(
    await fillWireVersions(sql, addresses, await latestRows(sql, names)),
    (version) => version.name,
  )
  const tags = await tagsOfModels(sql, names)
  const aliases = await aliasesOf(sql, names)
  return rows.map((row) => {
    const versions = latest.get(row.name) ?? []
    const ownTags = tags.get(row.name) ?? []
    const ownAliases = aliases.get(row.name) ?? []
    return {
      name: row.name,
      creation_timestamp: Number(row.creation_time ?? 0),
      last_updated_timestamp: Number(row.last_updated_time ?? row.creation_time ?? 0),
      ...(row.description === null || row.description === '' ? {} : { description: row.description }),
      ...(versions.length === 0 ? {} : { latest_versions: versions }),
      ...(ownTags.length === 0 ? {} : { tags: ownTags.map(keyValueOf) }),
      ...(ownAliases.length === 0
        ? {}
        : { aliases: ownAliases.map(({ alias, version }) => ({ alias, version: String(version) })) }),
    }
  })
}

/** The rows of each model's newest version in every stage, by name and number; deleted ones are left out. */
export async function latestRows(sql: Sql, names: readonly string[]): Promise<VersionRow[]> {
  const newest = await readInPieces(distinct(names), (piece) =>
    sql
      .selectFrom('model_versions')
      .select((row) => ['name', row.fn.max('version').as('version')])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', piece)
      .where('current_stage', '!=', DELETED_STAGE)
      .groupBy(['name', 'current_stage'])
      .execute(),
  )
  return readByKeys(newest, (someNames, someVersions) =>
    sql
      .selectFrom('model_versions')
      .selectAll()
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', someNames)
      .where('version', 'in', someVersions)
      .orderBy('name')
      .orderBy('version')
      .execute(),
  )
}

interface VersionKey {
  readonly name: string
  readonly version: number
}

interface Tag {
  key: string
  value: string | null
}

async function tagsOfVersions(sql: Sql, rows: readonly VersionKey[]): Promise<Map<string, Tag[]>> {
  const tags = await readByKeys(rows, (names, versions) =>
    sql
      .selectFrom('model_version_tags')
      .select(['name', 'version', 'key', 'value'])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', names)
      .where('version', 'in', versions)
      .orderBy('key')
      .execute(),
  )
  return Map.groupBy(tags, keyOf)
}

async function tagsOfModels(sql: Sql, names: readonly string[]): Promise<Map<string, Tag[]>> {
  const tags = await readInPieces(names, (piece) =>
    sql
      .selectFrom('registered_model_tags')
      .select(['name', 'key', 'value'])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', piece)
      .orderBy('key')
      .execute(),
  )
  return Map.groupBy(tags, (tag) => tag.name)
}

async function aliasesOf(
  sql: Sql,
  names: readonly string[],
): Promise<Map<string, { alias: string; version: number }[]>> {
  const aliases = await readInPieces(names, (piece) =>
    sql
      .selectFrom('registered_model_aliases')
      .select(['name', 'alias', 'version'])
      .where('workspace', '=', WORKSPACE)
      .where('name', 'in', piece)
      .orderBy('alias')
      .execute(),
  )
  return Map.groupBy(aliases, (alias) => alias.name)
}

/**
 * Rows that belong to versions, some versions at a time. SQL has no list of pairs that every database takes, so names and numbers are
 * asked for apart, and what belongs to no version of the piece is left out.
 */
async function readByKeys<Row extends VersionKey>(
  versions: readonly VersionKey[],
  read: (names: readonly string[], versions: readonly number[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const sorted = versions.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.version - b.version))
  const found: Row[] = []
  for (let from = 0; from < sorted.length; from += VERSIONS_AT_ONCE) {
    const some = sorted.slice(from, from + VERSIONS_AT_ONCE)
    const wanted = new Set(some.map(keyOf))
    const names = filled(distinct(some.map(({ name }) => name)))
    for (const row of await read(names, filled(distinct(some.map(({ version }) => version)))))
      if (wanted.has(keyOf(row))) found.push(row)
  }
  return found
}

function baseOf(row: VersionRow, addresses: Addresses): WireModelVersion {
  const source = row.source === null ? undefined : addresses.shown(row.source)
  const modelId = /^models:\/(m-[0-9a-f]{32})$/.exec(row.source ?? '')?.[1]
  return {
    name: row.name,
    version: String(row.version),
    creation_timestamp: Number(row.creation_time ?? 0),
    last_updated_timestamp: Number(row.last_updated_time ?? row.creation_time ?? 0),
    ...given('user_id', row.user_id),
    current_stage: row.current_stage ?? 'None',
    ...given('description', row.description),
    ...given('source', source),
    ...given('run_id', row.run_id),
    status: row.status ?? 'READY',
    ...given('status_message', row.status_message === '' ? null : row.status_message),
    ...given('run_link', row.run_link),
    ...given('model_id', modelId),
  }
}

/** A field, or nothing where it has no value. */
function given<Name extends string>(name: Name, value: string | null | undefined): { [field in Name]?: string } {
  return (value === null || value === undefined ? {} : { [name]: value }) as { [field in Name]?: string } // the one field or none
}

/** One text for a name and a number; no model's name holds a slash. */
function keyOf({ name, version }: VersionKey): string {
  return `${name}/${version}`
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
