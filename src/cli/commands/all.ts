// Every command there is, in the order that `--help` lists them.
import type { Command } from '../command.ts'
import { backupCommand, restoreCommand, verifyBackupCommand } from './backup.ts'
import { completionCommand } from './completion.ts'
import { cycleCommand } from './cycle.ts'
import { dataCommand, dropDataCommand, importCommand, showDataCommand } from './data.ts'
import { decideCommand, decisionsCommand, rollbackCommand } from './decisions.ts'
import { doctorCommand } from './doctor.ts'
import { historyCommand } from './history.ts'
import { initCommand } from './init.ts'
import { modelsCommand, showModelCommand } from './models.ts'
import { monitorCommand } from './monitor.ts'
import { dropOutboxCommand, outboxCommand, sendOutboxCommand } from './outbox.ts'
import { predictCommand } from './predict.ts'
import { promoteCommand } from './promote.ts'
import { replayCommand } from './replay.ts'
import { reproduceCommand } from './reproduce.ts'
import { resetCommand } from './reset.ts'
import { serverCommand } from './server.ts'
import { sourcesCommand } from './sources.ts'
import { statusCommand } from './status.ts'
import { evaluateCommand, preprocessCommand, trainCommand } from './steps.ts'
import { tuneCommand } from './tune.ts'

export const COMMANDS: readonly Command[] = [
  cycleCommand,
  replayCommand,
  preprocessCommand,
  trainCommand,
  tuneCommand,
  evaluateCommand,
  predictCommand,
  dataCommand,
  showDataCommand,
  importCommand,
  dropDataCommand,
  sourcesCommand,
  resetCommand,
  statusCommand,
  modelsCommand,
  showModelCommand,
  reproduceCommand,
  promoteCommand,
  decisionsCommand,
  decideCommand,
  rollbackCommand,
  historyCommand,
  monitorCommand,
  serverCommand,
  initCommand,
  outboxCommand,
  sendOutboxCommand,
  dropOutboxCommand,
  backupCommand,
  verifyBackupCommand,
  restoreCommand,
  doctorCommand,
  completionCommand(() => COMMANDS),
]
