// Which channels people are told through, and where notices are kept until they were.
import { join } from 'node:path'
import type { Settings } from '../cli/command.ts'
import { systemClock } from '../kernel/clock.ts'
import type { OutboxSchema } from '../notify/outbox-schema.ts'
import type { Notifier, Outbox } from '../notify/port.ts'

/**
 * Opens the outbox beside the journal, and begins at once, in the background, to deliver what is due from earlier commands. `notify` takes
 * each notice, `warn` a line about somebody who could not be told.
 */
export async function openOutbox(
  { home, chat }: Pick<Settings, 'home' | 'chat'>,
  project: string,
  { notify, warn }: { notify: (line: string) => void; warn: (line: string) => void },
): Promise<Outbox> {
  const [{ openSqlite }, { openSqliteOutbox }, { consoleNotifier }, { chatFormNotifier }] = await Promise.all([
    import('../database/sqlite.ts'),
    import('../notify/outbox-sqlite.ts'),
    import('../notify/console.ts'),
    import('../notify/chat-form.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openSqlite<OutboxSchema>(join(home, 'flow.db')))
  const channels: readonly Notifier[] = chat === null ? [] : [chatFormNotifier(chat)]
  const outbox = await openSqliteOutbox({
    ...{ database, clock: systemClock, project, channels, warn },
    console: consoleNotifier(notify),
  })
  void outbox.deliver({ when: 'due' }).catch(() => undefined) // what hinders it hinders the command too, which will say so
  const everything = opened.move()
  everything.use(outbox) // closed before its database
  return { ...outbox, [Symbol.asyncDispose]: () => everything.disposeAsync() }
}
