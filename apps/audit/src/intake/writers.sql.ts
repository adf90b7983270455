import { prepared } from '#libs/runtime';

export const TAKE_EPOCH = `
  insert into writer (name, epoch) values ($1, 1)
  on conflict (name) do update set epoch = writer.epoch + 1, taken_at = now()
  returning epoch::text`;

export const LOCK_WRITER = prepared(`select epoch::text from writer where name = $1 for update`);

export const LOCK_WRITERS = `select name from writer order by name for update`;
