// Identifiers.
import { randomUUID } from 'node:crypto'

/** A fresh id: 32 hexadecimal digits, as MLflow's runs have. */
export function newId(): string {
  return randomUUID().replaceAll('-', '')
}
