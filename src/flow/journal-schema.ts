// The tables of flow.db.
import type { Generated, Insertable } from 'kysely'
import type { Migration } from '../database/migrations.ts'
import type { FlowRunStatus, TaskRun } from './port.ts'

/** The database of an engine, as Kysely sees it. JSON columns hold text. */
export interface JournalSchema {
  flow_runs: FlowRunRow
  task_runs: TaskRunRow
  decisions: {
    id: Generated<number>
    flow_run_id: string
    subject: string
    question: string
    asked_at_ms: number
  }
  decision_answers: {
    decision_id: number
    choice: string
    answered_by: string
    why: string
    details: string
    flow_run_id: string
    answered_at_ms: number
  }
  task_log: { id: Generated<number>; flow_run_id: string; task: string; at_ms: number; line: string }
}

export type LogLine = Insertable<JournalSchema['task_log']>

export interface FlowRunRow {
  id: string
  flow: string
  version: number
  key: string
  /** Counts the runs of one flow and key from 1; only the last one is ever resumed. */
  sequence: number
  status: FlowRunStatus
  input: string
  output: string | null
  error: string | null
  lock_name: string | null
  /** The fencing token: raised each time a process takes the run, carried by every write of that process. */
  token: number
  owner_machine: string
  owner_pid: number
  owner_started: string | null
  taken_at_ms: number
  lease_until_ms: number
  started_at_ms: number
  ended_at_ms: number | null
}

export interface TaskRunRow {
  flow_run_id: string
  name: string
  status: TaskRun['status']
  attempt: number
  token: number
  input: string
  input_digest: string
  output: string | null
  error: string | null
  started_at_ms: number
  ended_at_ms: number | null
}

export const JOURNAL_MIGRATIONS: readonly Migration[] = [
  {
    number: 1,
    name: 'the journal of flow runs and their tasks',
    breaking: false,
    sql: `
      create table flow_runs (
        id text primary key,
        flow text not null,
        version integer not null,
        key text not null,
        sequence integer not null check (sequence >= 1),
        status text not null check (status in ('running', 'completed', 'failed', 'cancelled')),
        input text not null check (json_valid(input)),
        output text check (json_valid(output)),
        error text,
        lock_name text,
        token integer not null check (token >= 1),
        owner_machine text not null,
        owner_pid integer not null,
        owner_started text,
        taken_at_ms integer not null,
        lease_until_ms integer not null,
        started_at_ms integer not null,
        ended_at_ms integer,
        unique (flow, key, sequence),
        check ((status = 'running') = (ended_at_ms is null)),
        check ((status = 'completed') = (output is not null))
      );
      create unique index one_live_run_per_lock on flow_runs (lock_name) where status = 'running';
      create unique index one_live_run_per_key on flow_runs (flow, key) where status = 'running';
      create table task_runs (
        flow_run_id text not null references flow_runs (id),
        name text not null,
        status text not null check (status in ('running', 'completed', 'failed')),
        attempt integer not null check (attempt >= 1),
        token integer not null,
        input text not null check (json_valid(input)),
        input_digest text not null,
        output text check (json_valid(output)),
        error text,
        started_at_ms integer not null,
        ended_at_ms integer,
        primary key (flow_run_id, name),
        check ((status = 'running') = (ended_at_ms is null)),
        check ((status = 'completed') = (output is not null))
      );
      create table task_log (
        id integer primary key,
        flow_run_id text not null,
        task text not null,
        at_ms integer not null,
        line text not null,
        foreign key (flow_run_id, task) references task_runs (flow_run_id, name)
      );
      create index task_log_by_task on task_log (flow_run_id, task);`,
  },
  {
    number: 2,
    name: 'questions to people, and their answers',
    breaking: false,
    sql: `
      -- Older releases of SQLite take json_valid(null) for false: their integrity check would find every open run at fault.
      create table flow_runs_2 (
        id text primary key,
        flow text not null,
        version integer not null,
        key text not null,
        sequence integer not null check (sequence >= 1),
        status text not null check (status in ('running', 'completed', 'failed', 'cancelled')),
        input text not null check (json_valid(input)),
        output text check (output is null or json_valid(output)),
        error text,
        lock_name text,
        token integer not null check (token >= 1),
        owner_machine text not null,
        owner_pid integer not null,
        owner_started text,
        taken_at_ms integer not null,
        lease_until_ms integer not null,
        started_at_ms integer not null,
        ended_at_ms integer,
        unique (flow, key, sequence),
        check ((status = 'running') = (ended_at_ms is null)),
        check ((status = 'completed') = (output is not null))
      );
      create table task_runs_2 (
        flow_run_id text not null references flow_runs_2 (id),
        name text not null,
        status text not null check (status in ('running', 'completed', 'failed')),
        attempt integer not null check (attempt >= 1),
        token integer not null,
        input text not null check (json_valid(input)),
        input_digest text not null,
        output text check (output is null or json_valid(output)),
        error text,
        started_at_ms integer not null,
        ended_at_ms integer,
        primary key (flow_run_id, name),
        check ((status = 'running') = (ended_at_ms is null)),
        check ((status = 'completed') = (output is not null))
      );
      create table task_log_2 (
        id integer primary key,
        flow_run_id text not null,
        task text not null,
        at_ms integer not null,
        line text not null,
        foreign key (flow_run_id, task) references task_runs_2 (flow_run_id, name)
      );
      insert into flow_runs_2 select * from flow_runs order by rowid;
      insert into task_runs_2 select * from task_runs order by rowid;
      insert into task_log_2 select * from task_log;
      drop table task_log;
      drop table task_runs;
      drop table flow_runs;
      alter table flow_runs_2 rename to flow_runs;
      alter table task_runs_2 rename to task_runs;
      alter table task_log_2 rename to task_log;
      create unique index one_live_run_per_lock on flow_runs (lock_name) where status = 'running';
      create unique index one_live_run_per_key on flow_runs (flow, key) where status = 'running';
      create index task_log_by_task on task_log (flow_run_id, task);
      create table decisions (
        id integer primary key autoincrement,
        flow_run_id text not null unique references flow_runs (id),
        subject text not null,
        question text not null check (json_valid(question)),
        asked_at_ms integer not null
      );
      create index decisions_by_subject on decisions (subject);
      create table decision_answers (
        decision_id integer primary key references decisions (id),
        choice text not null,
        answered_by text not null,
        why text not null,
        details text not null check (json_valid(details)),
        flow_run_id text not null references flow_runs (id),
        answered_at_ms integer not null
      );
      create trigger decisions_are_not_edited before update on decisions
      begin select raise(abort, 'a question is never edited'); end;
      create trigger decisions_are_not_deleted before delete on decisions
      begin select raise(abort, 'a question is never deleted'); end;
      create trigger answers_are_not_edited before update on decision_answers
      begin select raise(abort, 'an answer is never edited'); end;
      create trigger answers_are_not_deleted before delete on decision_answers
      begin select raise(abort, 'an answer is never deleted'); end;`,
  },
]
