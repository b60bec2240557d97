import { openMemoryWarehouse } from './memory.ts'
import { warehouseContract } from './warehouse.contract.ts'

warehouseContract('the warehouse in memory', async () => openMemoryWarehouse())
