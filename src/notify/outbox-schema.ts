// The tables of the outbox, which lie beside the journal.
import type { Generated } from 'kysely'
import type { Migration } from '../database/migrations.ts'
import type { KeptNotice } from './port.ts'

/** The outbox's part of the database, as Kysely sees it. */
export interface OutboxSchema {
  outbox_notices: NoticeTable
  outbox_channels: ChannelRow
}

interface NoticeTable extends NoticeFields {
  id: Generated<number>
}

export interface NoticeRow extends NoticeFields {
  id: number
}

interface NoticeFields {
  key: string
  project: string
  channel: string
  text: string
  state: KeptNotice['state']
  posted_at_ms: number
  attempts: number
  /** When the last attempt that failed ended. */
  failed_at_ms: number | null
  next_attempt_at_ms: number
  last_error: string | null
  /** When it was sent or dropped. */
  ended_at_ms: number | null
  dropped_by: string | null
  dropped_why: string | null
}

/** A channel that somebody delivers to: one at a time. */
export interface ChannelRow {
  channel: string
  /** Of one delivery; what it may write is what it holds the channel for. */
  token: string
  sending: number
  owner_machine: string
  owner_pid: number
  owner_started: string | null
  lease_until_ms: number
}

export const OUTBOX_LEDGER = 'outbox_ledger'

export const OUTBOX_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: 'notices that wait for their channels',
    breaking: false,
    sql: `
      create table outbox_notices (
        id integer primary key autoincrement,
        key text not null,
        project text not null,
        channel text not null,
        text text not null,
        state text not null check (state in ('waiting', 'sent', 'dropped')),
        posted_at_ms integer not null,
        attempts integer not null check (attempts >= 0),
        failed_at_ms integer,
        next_attempt_at_ms integer not null,
        last_error text,
        ended_at_ms integer,
        dropped_by text,
        dropped_why text,
        unique (key, channel),
        check ((state = 'waiting') = (ended_at_ms is null)),
        check ((state = 'dropped') = (dropped_by is not null)),
        check ((state = 'dropped') = (dropped_why is not null))
      );
      create index outbox_waiting on outbox_notices (channel, id) where state = 'waiting';
      create table outbox_channels (
        channel text primary key,
        token text not null,
        sending integer not null references outbox_notices (id),
        owner_machine text not null,
        owner_pid integer not null,
        owner_started text,
        lease_until_ms integer not null
      );`,
  },
]
