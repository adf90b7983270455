export const HOLD_UPDATES = [
  `create function chaos_hold() returns trigger language plpgsql as $$
     begin perform pg_advisory_xact_lock(4711); return null; end $$`,
  `create trigger chaos_hold before update on erp_outbox for each statement execute function chaos_hold()`,
  `select pg_advisory_lock(4711)`,
];

/** Whoever waits to mark is cut, so that its statement does not come true after its process is dead. */
export const LET_UPDATES_GO = [
  `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted`,
  `drop trigger chaos_hold on erp_outbox`,
  `select pg_advisory_unlock(4711)`,
];
