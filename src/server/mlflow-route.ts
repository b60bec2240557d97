// One operation of MLflow's REST interface, as a value: what it is called by, what it takes, what it does.
import type { z } from 'zod'
import type { MlflowStore } from '../mlflow/store.ts'

export interface MlflowRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Behind `/api/2.0/mlflow/` and `/ajax-api/2.0/mlflow/`; parts in braces are handed over as fields: `logged-models/{model_id}`. */
  readonly path: string
  /** '2.0' unless said otherwise. */
  readonly version?: '2.0' | '3.0'
  /** Only below `/ajax-api`, where MLflow's own pages ask. */
  readonly onlyAjax?: boolean
  /** What it does, for the interface's description. */
  readonly summary: string
  readonly request: z.ZodType
  /** Answers with what is sent as JSON. The request was read by `request`. */
  readonly run: (request: never, store: MlflowStore) => Promise<object>
}

/** A route, with its handler's request typed by its shape. */
export function mlflowRoute<Shape extends z.ZodType>(
  route: Omit<MlflowRoute, 'request' | 'run'> & {
    readonly request: Shape
    readonly run: (request: z.output<Shape>, store: MlflowStore) => Promise<object>
  },
): MlflowRoute {
  return route
}
