// One operation of the server as its OpenAPI document describes it.
import type { JsonSchema } from './json-schema.ts'

export interface ApiParameter {
  readonly name: string
  readonly in: 'query' | 'path' | 'header'
  readonly required: boolean
  readonly description?: string
  readonly schema: JsonSchema
}

/** Bodies by content type. */
export type ApiContent = Readonly<Record<string, { readonly schema: JsonSchema }>>

export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the root, with parameters in braces: `/runs/{id}`. */
  readonly path: string
  /** The heading it stands under. */
  readonly tag: string
  /** What it does, in a few words. */
  readonly summary: string
  readonly parameters?: readonly ApiParameter[]
  readonly body?: { readonly required: boolean; readonly content: ApiContent }
  /** By HTTP status. */
  readonly responses: Readonly<Record<number, { readonly description: string; readonly content?: ApiContent }>>
}
