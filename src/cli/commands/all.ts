// Every command there is, in the order that `--help` lists them.
import type { Command } from '../command.ts'
import { cycleCommand } from './cycle.ts'
import { dataCommand, dropDataCommand, importCommand, showDataCommand } from './data.ts'
import { doctorCommand } from './doctor.ts'
import { historyCommand, modelsCommand, monitorCommand, promoteCommand, showModelCommand } from './registry.ts'
import { replayCommand } from './replay.ts'
import { evaluateCommand, predictCommand, preprocessCommand, trainCommand } from './steps.ts'

export const COMMANDS: readonly Command[] = [
  cycleCommand,
  replayCommand,
  preprocessCommand,
  trainCommand,
  evaluateCommand,
  predictCommand,
  dataCommand,
  showDataCommand,
  importCommand,
  dropDataCommand,
  modelsCommand,
  showModelCommand,
  promoteCommand,
  historyCommand,
  monitorCommand,
  doctorCommand,
]
