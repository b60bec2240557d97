import { artifactsContract } from './artifacts.contract.ts'
import { memoryArtifacts } from './memory.ts'

artifactsContract('the memory store', async () => memoryArtifacts())
