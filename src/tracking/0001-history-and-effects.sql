-- 0001  the history of stages, effects that happened once, and version numbers that were given
-- breaking: yes. A build without it moves versions without recording it.
-- rollback: drop the three tables; MLflow's own tables are not touched.
-- cost: none, the tables are new.

create table understudy_transitions (
  id integer primary key,
  name text not null,
  version integer not null,
  from_stage text not null check (from_stage in ('None', 'Staging', 'Production', 'Archived')),
  to_stage text not null check (to_stage in ('None', 'Staging', 'Production', 'Archived')),
  actor text not null,
  reason text not null,
  evidence text not null,
  at_ms integer not null,
  -- Each row is sealed by the SHA-256 of the row before it and of its own content (history.ts says how).
  previous_seal text not null,
  seal text not null,
  check (from_stage <> to_stage)
);
create index understudy_transitions_by_model on understudy_transitions (name, version, id);

create trigger understudy_transitions_are_not_edited before update on understudy_transitions
begin
  select raise(abort, 'the history of stages is only ever added to');
end;

create trigger understudy_transitions_are_not_deleted before delete on understudy_transitions
begin
  select raise(abort, 'the history of stages is only ever added to');
end;

-- Also stops "insert or replace", which deletes without asking the trigger above.
create trigger understudy_transitions_follow_the_last before insert on understudy_transitions
when new.id is not coalesce((select max(id) from understudy_transitions), 0) + 1
  or new.previous_seal is not coalesce((select seal from understudy_transitions order by id desc limit 1), '')
begin
  select raise(abort, 'the history of stages is only ever added to, at its end');
end;

-- What an operation with an effect key returned, written with the effect itself.
create table understudy_effects (
  effect_key text primary key,
  kind text not null,
  result text not null,
  at_ms integer not null
) without rowid;

-- The highest number each model ever gave to a version. MLflow's own table forgets it when a model is deleted.
create table understudy_version_numbers (
  name text primary key,
  highest integer not null check (highest >= 1)
) without rowid;
