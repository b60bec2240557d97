// Where a setting's value comes from, and which line would change it, in words.
import type { SettingReport } from './command.ts'

/** `.env line 3`, `the environment (.env line 3 says "all")`, `default`. */
export function originText(report: SettingReport): string {
  const { name, variable, source, line, overruled, placeholder } = report
  const as = variable === name || source === 'default' ? '' : ` as ${variable}`
  const waits = placeholder === null ? '' : `, where "${placeholder}" waits to be filled in: the default holds`
  if (source === '.env') return `.env line ${line}${as}${waits}`
  if (source === 'default') return 'default'
  const file =
    overruled === null ? (line === null ? '' : `, as .env line ${line}`) : `; .env line ${line} says "${overruled}"`
  return `environment${as}${file}${waits}`
}

/** The exact line that sets it to a value, and where it belongs. */
export function lineToEdit(report: SettingReport, value: string): string {
  const { variable, source, line, overruled } = report
  const text = `${variable}=${/[\s#"'`]/.test(value) ? `"${value}"` : value}`
  const inFile = line === null ? `add to .env: ${text}` : `.env line ${line}: ${text}`
  if (source !== 'environment') return inFile
  if (line !== null && overruled === null) return `${inFile}, then: direnv reload, or a new shell`
  const rest = line === null ? '' : overruled === value ? `; .env line ${line} is right already` : `; ${inFile}`
  return `the environment sets it, and wins: export ${text}, or unset ${variable}${rest}`
}
