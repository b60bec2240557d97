// Loaded before the program (`node --import`): writes its peak memory, in KiB, where the benchmark asked for it.
import { writeFileSync } from 'node:fs'

const file = process.env.PEAK_MEMORY_FILE
if (file !== undefined) process.on('exit', () => writeFileSync(file, String(process.resourceUsage().maxRSS)))
