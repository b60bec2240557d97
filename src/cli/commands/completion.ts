// `completion`: what a shell needs to complete our commands.
import { z } from 'zod'
import { type Command, defineCommand } from '../command.ts'
import { completionScript, SHELLS, type Shell } from '../completion-script.ts'
import type { Terminal } from '../terminal.ts'

/** `understudy completion bash`. It completes the commands it is given, itself among them. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return defineCommand({
    name: 'completion',
    example: 'completion bash',
    summary: 'tab completion for bash or zsh: source <(./understudy completion bash)',
    positional: [['<shell>', 'bash or zsh']],
    args: z.object({ shell: z.enum(SHELLS, { error: `the shell is ${SHELLS.join(' or ')}` }) }),
    runAlone: print,
    run: async (args, { terminal }) => print(args, terminal),
  })
  function print({ shell }: { shell: Shell }, terminal: Terminal): void {
    const script = completionScript(shell, commands())
    terminal.out(terminal.json ? JSON.stringify({ shell, script }) : script)
  }
}
