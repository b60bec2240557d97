// A query that is built and compiled once and run with new values each time: building one takes longer than most take to run.
import type { Compilable, CompiledQuery, Kysely } from 'kysely'

type Value = string | number | bigint | boolean | Uint8Array | null
/** What a query is given: single values, and lists whose lengths are part of the query's text. */
type Given = Readonly<Record<string, Value | readonly Value[]>>

/** Stands for a value while the query is built, and says which one is bound in its place. */
class Place {
  readonly name: string
  readonly index: number | null

  constructor(name: string, index: number | null) {
    this.name = name
    this.index = index
  }
}

/**
 * Keeps a query. `build` gets stand-ins for the values and may only hand them on to be bound: it must not look at them. A list is as
 * long as `lengths` says, there and whenever the query is run.
 */
export function keptQuery<Schema, Values extends Given, Row>(
  build: (sql: Kysely<Schema>, given: Values) => Compilable<Row>,
  lengths: { readonly [Name in keyof Values]?: number } = {},
): (sql: Kysely<Schema>, given: Values) => Promise<Row[]> {
  // By dialect: the same query reads differently in another one.
  const kept = new WeakMap<object, CompiledQuery<Row>>()
  const compiled = (sql: Kysely<Schema>): CompiledQuery<Row> => {
    const { adapter } = sql.getExecutor()
    const found = kept.get(adapter)
    if (found !== undefined) return found
    const made = build(sql, placesFor<Values>(lengths)).compile()
    kept.set(adapter, made)
    return made
  }
  return async (sql, given) => {
    const query = compiled(sql)
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Place ? valueAt(given, parameter) : parameter,
    )
    return (await sql.executeQuery<Row>({ ...query, parameters })).rows
  }
}

function placesFor<Values extends Given>(lengths: { readonly [Name in keyof Values]?: number }): Values {
  const places = new Proxy(
    {},
    {
      get(_, name) {
        const length: number | undefined = Reflect.get(lengths, name)
        if (length === undefined) return new Place(String(name), null)
        return Array.from({ length }, (__, index) => new Place(String(name), index))
      },
    },
  )
  return places as Values // build only hands them on, and each is replaced by the value of its name before the query runs
}

function valueAt(given: Given, { name, index }: Place): unknown {
  const value = given[name]
  return index === null ? value : (value as readonly Value[])[index] // it was a list when the query was built
}
