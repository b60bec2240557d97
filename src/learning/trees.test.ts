import { trainerContract } from './trainer.contract.ts'
import { trees } from './trees.ts'

trainerContract(trees, { ...trees.defaults, trees: 60, learningRate: 0.2, leaves: 15, patience: 10 })
