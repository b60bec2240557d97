// What a shell needs to complete our commands, made from the commands themselves. What may stand next is worked out by one function in the
// words that bash and zsh share; only asking for it and showing it differs.
import { z } from 'zod'
import type { Command } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'

export const SHELLS = ['bash', 'zsh'] as const
export type Shell = (typeof SHELLS)[number]

/** Stands for every file there is. */
const FILES = '+files+'

/** The script for a shell; it is read with `source <(./understudy completion bash)`. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  return [
    `# Completion of ./understudy in ${shell}: source <(./understudy completion ${shell})`,
    choicesFunction(commands),
    shell === 'bash' ? BASH : ZSH,
  ].join('\n')
}

interface Option {
  readonly name: string
  /** What may follow: nothing, one of a few words, files, or (an empty list) whatever somebody types. */
  readonly values: readonly string[] | null
}

/** From commander's form, `--layout <name>`; which words may follow is in the schema of the arguments. */
function optionOf(flags: string, choices: ReadonlyMap<string, readonly string[]>): Option {
  const name = flags.split(/[ ,]/).find((word) => word.startsWith('--')) ?? flags
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1]
  const key = name.slice(2).replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())
  return { name, values: value === undefined ? null : (choices.get(key) ?? (isPlace(value) ? [FILES] : [])) }
}

function isPlace(name: string): boolean {
  return /^(file|folder|dir|directory|path)$/i.test(name)
}

/** The arguments and options of a command that are one of a few words, by key. */
function choicesOf({ args }: Command): ReadonlyMap<string, readonly string[]> {
  const { properties = {} } = z.toJSONSchema(args, { io: 'input', unrepresentable: 'any' })
  const words = (schema: unknown): readonly string[] => {
    if (typeof schema !== 'object' || schema === null) return []
    const { enum: values, anyOf } = schema as { enum?: unknown; anyOf?: unknown } // read-only peek; both are checked here
    if (Array.isArray(values)) return values.filter((value) => typeof value === 'string')
    return Array.isArray(anyOf) ? anyOf.flatMap(words) : []
  }
  return new Map(
    Object.entries(properties).flatMap(([key, schema]) => {
      const found = words(schema)
      return found.length === 0 ? [] : [[key, found]]
    }),
  )
}

/** Prints what may stand after the words it is given, one a line. */
function choicesFunction(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  const paths = [...new Set(names.flatMap((name) => [name.split(' ')[0]!, name]))]
  const everywhere = GLOBAL_OPTIONS.map(([flags]) => optionOf(flags, new Map()))
  const optionsOf = (command: Command): Option[] => {
    const choices = choicesOf(command)
    return (command.options ?? []).map(([flags]) => optionOf(flags, choices))
  }
  const all = [...everywhere, ...commands.flatMap(optionsOf)]
  const withValue = [...new Set(all.filter(({ values }) => values !== null).map(({ name }) => name))]
  const steps = paths.map((path) => (path.includes(' ') ? path : ` ${path}`)).map(quoted)
  const values = commands.flatMap((command) =>
    optionsOf(command).flatMap(({ name, values }) =>
      values !== null && values.length > 0 ? [branch([`${command.name}:${name}`], values)] : [],
    ),
  )
  const nexts = paths.map((path) => {
    const command = commands.find(({ name }) => name === path)
    const below = names.flatMap((name) => (name.startsWith(`${path} `) ? [name.slice(path.length + 1)] : []))
    const positional = command === undefined ? [] : positionalChoices(command)
    const own = command === undefined ? [] : optionsOf(command)
    return branch([path], [...below, ...positional, ...[...own, ...everywhere].map(({ name }) => name)])
  })
  const first = [...new Set(names.map((name) => name.split(' ')[0]!)), 'help', '--version']
  return `_understudy_choices() {
  local command='' previous='' word=''
  for word in "$@"; do
    case "$previous" in
      ${withValue.join('|')}) previous=''; continue ;;
    esac
    previous="$word"
    case "$command $word" in
      ${steps.join('|')}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command:$previous" in
${values.join('\n')}
      ${withValue.map((name) => `*:${name}`).join('|')}) return ;;
  esac
  case "$command" in
${nexts.join('\n')}
      *) printf '%s\\n' ${[...first, ...everywhere.map(({ name }) => name)].map(quoted).join(' ')} ;;
  esac
}`
}

function positionalChoices(command: Command): readonly string[] {
  const choices = choicesOf(command)
  return (command.positional ?? []).flatMap(([argument]) => {
    const name = argument.replace(/[<>[\].]/g, '')
    return choices.get(name) ?? (isPlace(name) ? [FILES] : [])
  })
}

function branch(patterns: readonly string[], choices: readonly string[]): string {
  return `      ${patterns.map(quoted).join('|')}) printf '%s\\n' ${choices.map(quoted).join(' ')}; return ;;`
}

/** A word as the shell takes it literally. */
function quoted(text: string): string {
  return /^[\w-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const BASH = `_understudy() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" choices='' word='' before=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [ "$word" = = ] || before+=("$word") # bash makes three words of --layout=recipe
  done
  [ "$current" = = ] && current=''
  choices="$(_understudy_choices "\${before[@]}")"
  COMPREPLY=($(compgen -W "\${choices//${FILES}/}" -- "$current"))
  if [ "\${choices#*${FILES}}" != "$choices" ]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _understudy understudy ./understudy`

const ZSH = `_understudy() {
  local -a choices
  choices=(\${(f)"$(_understudy_choices "\${(@)words[2,CURRENT-1]}")"})
  (( \${choices[(Ie)${FILES}]} )) && _files
  choices=(\${choices:#${FILES}})
  (( $#choices )) && compadd -a choices
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _understudy understudy`
