// The laws of a warehouse. Each adapter's test hands in a way to open a fresh one.
import { describe } from 'vitest'
import type { Warehouse } from './port.ts'
import { derivingLaws } from './warehouse.contract.derive.ts'
import { readingLaws } from './warehouse.contract.read.ts'
import { writingLaws } from './warehouse.contract.write.ts'

export function warehouseContract(name: string, open: () => Promise<Warehouse>): void {
  describe(`${name} keeps the laws of a warehouse`, () => {
    writingLaws(open)
    readingLaws(open)
    derivingLaws(open)
  })
}
