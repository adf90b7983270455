export const LOCK_INBOX = `lock table customerx.inbox in share row exclusive mode`;

/** Asked by the holder. */
export const COUNT_WAITING = `select count(*)::int as waiting from pg_locks where not granted and pid <> pg_backend_pid()`;
