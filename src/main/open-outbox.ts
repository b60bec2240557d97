// Which channels people are told through, and where notices are kept until they were.
import { join } from 'node:path'
import type { Settings } from '../cli/command.ts'
import { systemClock } from '../kernel/clock.ts'
import type { OutboxSchema } from '../notify/outbox-schema.ts'
import type { Notifier, Outbox } from '../notify/port.ts'

/**
 * Opens the outbox beside the journal; under `sendsNotices` it begins at once, in the background, to deliver what is due from earlier commands.
 * `notify` takes each notice, and a line about whoever could not be told.
 */
export async function openOutbox(
  { home, chat }: Pick<Settings, 'home' | 'chat'>,
  project: string,
  { notify, sendsNotices, readOnly }: { notify: (line: string) => void; sendsNotices: boolean; readOnly: boolean },
): Promise<Outbox> {
  const [{ openSqlite }, { openSqliteOutbox }, { consoleNotifier }, { chatFormNotifier }] = await Promise.all([
    import('../database/sqlite.ts'),
    import('../notify/outbox-sqlite.ts'),
    import('../notify/console.ts'),
    import('../notify/chat-form.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const database = opened.use(await openSqlite<OutboxSchema>(join(home, 'flow.db'), { readOnly }))
  const channels: readonly Notifier[] = chat === null ? [] : [chatFormNotifier(chat)]
  const outbox = await openSqliteOutbox({
    ...{ database, clock: systemClock, project, channels, console: consoleNotifier(notify), warn: notify },
  })
  // What hinders it hinders the command too, which will say so.
  if (sendsNotices && !readOnly) void outbox.deliver({ when: 'due' }).catch(() => undefined)
  const everything = opened.move()
  everything.use(outbox) // closed before its database
  return { ...outbox, [Symbol.asyncDispose]: () => everything.disposeAsync() }
}
