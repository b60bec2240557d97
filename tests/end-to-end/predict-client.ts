// Who asks a server for predictions in tests: requests, what their answers have to look like, and clients that do not stop asking.
import { writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect } from 'vitest'

/** The recipe's own request. */
export const RIDE = {
  pickup_datetime: '2013-07-06 10:18:00',
  pickup_longitude: '-73.70',
  pickup_latitude: '40.9',
  dropoff_longitude: '-73.98',
  dropoff_latitude: '40.70',
  passenger_count: '2',
}
export const PARCEL = { left_at: '2020-03-02 14:00:00', distance_km: '4.2', parcels: '12' }

/** The ride without one of its fields. */
export const without = (name: string) => Object.fromEntries(Object.entries(RIDE).filter(([other]) => other !== name))

/** The answer, held to the recipe's form: one key, a number. */
export async function fareOf(answer: Response): Promise<number> {
  expect(answer.status).toBe(200)
  const body = (await answer.json()) as Record<string, unknown> // what is in it is looked at next
  expect(Object.keys(body)).toEqual(['fare'])
  expect(body.fare).toBeTypeOf('number')
  return Number(body.fare)
}

/** Eight clients that ask for an address again and again, until they are stopped or an answer is no success. */
export function openLoad(address: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  /** What each version has answered. */
  const seen = new Map<string, string>()
  let isOver = false
  let answered = 0
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      get(address, { agent }, (answer) => {
        let body = ''
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text
        })
        answer.on('end', () => {
          const version = String(answer.headers['x-model-version'])
          if (answer.statusCode !== 200) return reject(new Error(`${answer.statusCode}: ${body}`))
          if ((seen.get(version) ?? body) !== body) return reject(new Error(`v${version} answered ${body}`))
          seen.set(version, body)
          answered++
          resolve()
        })
      }).on('error', reject)
    })
  const clients = Array.from({ length: 8 }, async () => {
    while (!isOver) await one()
  })
  return {
    /** Rejects with the first answer that is no success, or that its version gave otherwise before. */
    failed: Promise.all(clients),
    async stop() {
      isOver = true
      await Promise.all(clients)
      agent.destroy()
      return { seen, answered }
    },
  }
}

/** A Parquet file of a CSV's rows, with the types that other programs write: times without a zone, floats, integers. */
export async function writeParquet(path: string, csv: string): Promise<void> {
  const source = `${path}.csv`
  await writeFile(source, csv)
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  await connection.run(`copy (select * from read_csv('${source}')) to '${path}' (format parquet)`)
  connection.disconnectSync()
  instance.closeSync()
}
