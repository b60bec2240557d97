// What the tab key offers, asked of a real bash.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMANDS } from './commands/all.ts'
import { completionScript } from './completion-script.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-completion-'))
  writeFileSync(join(folder, 'bash'), completionScript('bash', COMMANDS))
  writeFileSync(join(folder, 'zsh'), completionScript('zsh', COMMANDS))
  writeFileSync(join(folder, 'two words.csv'), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What bash offers where the last of these words is being typed. */
function offered(...words: string[]): string[] {
  const script = `source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _understudy; printf '%s\\n' "\${COMPREPLY[@]}"`
  const out = execFileSync('bash', ['-c', script, 'bash', ...words], { cwd: folder, encoding: 'utf8' })
  return out.split('\n').filter((line) => line !== '')
}

test('first come the commands, then those below them, then the options', () => {
  const first = offered('./understudy', '')
  for (const { name } of COMMANDS) expect(first).toContain(name.split(' ')[0])
  expect(first).toContain('--json')
  expect(new Set(first).size).toBe(first.length)
  expect(offered('./understudy', 'cy')).toEqual(['cycle'])
  expect(offered('understudy', 'data', 'i')).toEqual(['import'])
  expect(offered('./understudy', 'data', 'import', '--re')).toEqual(['--replace'])
  expect(offered('./understudy', 'help', 'data', 'dr')).toEqual(['drop'])
})

test('an option offers its fixed values, also behind an equals sign, and no other option in their place', () => {
  expect(offered('./understudy', 'data', 'show', 't', '--layout', '')).toEqual(['table', 'recipe'])
  expect(offered('./understudy', 'data', 'show', 't', '--layout', '=', 'r')).toEqual(['recipe'])
  expect(offered('./understudy', 'evaluate', '--stage', 'S')).toEqual(['Staging'])
  expect(offered('./understudy', 'promote', '--why', '')).toEqual([])
})

test('global options may come first, and their values are no commands', () => {
  expect(offered('./understudy', '--json', 'replay', '--on-escalate', 'k')).toEqual(['keep'])
  expect(offered('./understudy', '--project', 'data', 'hist')).toEqual(['history'])
})

test('where a file is asked for there are files, and an argument of a few words offers them', () => {
  expect(offered('./understudy', 'data', 'import', 'two')).toEqual(['two words.csv'])
  expect(offered('./understudy', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh']))
  expect(offered('./understudy', 'decide', '7', 'ro')).toEqual(['rollback'])
})

test('every option of every command is offered for it', () => {
  const script = COMMANDS.map(({ name }) => `_understudy_choices ${name}; echo`).join('; ')
  const out = execFileSync('bash', ['-c', `source ./bash; ${script}`], { cwd: folder, encoding: 'utf8' })
  const answers = out.split('\n\n').map((block) => block.split('\n'))
  COMMANDS.forEach(({ name, options = [] }, index) => {
    for (const [flags] of options) expect(answers[index], `${name} ${flags}`).toContain(/--[\w-]+/.exec(flags)?.[0])
  })
})

test('it is the completion of ./understudy and of understudy', () => {
  const out = execFileSync('bash', ['-c', 'source ./bash; complete -p ./understudy understudy'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(out).toBe('complete -F _understudy ./understudy\ncomplete -F _understudy understudy\n')
})

test('both shells ask one and the same function, which any POSIX shell reads', () => {
  const shared = (shell: 'bash' | 'zsh'): string =>
    completionScript(shell, COMMANDS).split('_understudy() {')[0]!.split('\n').slice(1).join('\n')
  expect(shared('zsh')).toBe(shared('bash'))
  const sh = spawnSync('sh', ['-c', `${shared('zsh')}\n_understudy_choices data show t --layout`], { encoding: 'utf8' })
  expect(sh).toMatchObject({ status: 0, stdout: 'table\nrecipe\n', stderr: '' })
})

const zsh = spawnSync('zsh', ['-c', 'true']).status === 0
test.skipIf(!zsh)('zsh reads the script and offers what bash offers (skipped where there is no zsh)', () => {
  const script = `compdef() { : }; compadd() { print -l -- "\${choices[@]}" }; source ./zsh; words=(./understudy data ''); CURRENT=3; _understudy`
  const out = execFileSync('zsh', ['-fc', script], { cwd: folder, encoding: 'utf8' })
  expect(out.trim().split('\n')).toEqual(offered('./understudy', 'data', ''))
})
