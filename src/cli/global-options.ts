// What may stand beside every command, before it or after it.
import { PlannedError } from '../kernel/errors.ts'

/** As `--help` and the completion show them. */
export const GLOBAL_OPTIONS = [
  ['--json', 'print the result as JSON, and an error too'],
  ['--project <name>', 'work with this project (default: UNDERSTUDY_PROJECT)'],
  ['--help', 'what there is to say about a command'],
] as const

export interface GlobalOptions {
  readonly json: boolean
  /** The project that was named, if one was. */
  readonly project: string | null
  /** The words that are left: a command with its own arguments and options. */
  readonly words: readonly string[]
}

/** Takes them out of what was typed; behind `--` nothing is one. Throws `BAD_INPUT` if a name is missing. */
export function takeGlobalOptions(argv: readonly string[]): GlobalOptions {
  const end = argv.indexOf('--')
  const words: string[] = []
  let json = false
  let project: string | null = null
  const typed = argv.slice(0, end < 0 ? argv.length : end)
  for (let at = 0; at < typed.length; at++) {
    const word = typed[at]!
    if (word === '--json') json = true
    else if (word === '--project') project = nameOf(typed[++at])
    else if (word.startsWith('--project=')) project = nameOf(word.slice('--project='.length))
    else words.push(word)
  }
  return { json, project, words: end < 0 ? words : [...words, ...argv.slice(end)] }
}

function nameOf(text: string | undefined): string {
  if (text !== undefined && text !== '' && !text.startsWith('-')) return text
  throw new PlannedError('BAD_INPUT', '--project needs the name of a project', {
    next: 'name one, for example: ./understudy models --project NAME',
  })
}
