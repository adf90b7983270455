export const CREATE_LEASE = `
  create table if not exists lease (
    name       text primary key,
    holder     text not null,
    epoch      bigint not null,
    expires_at timestamptz not null
  )`;

/** $1 name, $2 holder, $3 milliseconds; answers the epoch when the lease was free or had run out */
export const TAKE_LEASE = `
  insert into lease as l (name, holder, epoch, expires_at)
  values ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')
  on conflict (name) do update
    set holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at
    where l.expires_at < clock_timestamp()
  returning epoch::text as epoch`;

/** $1 name, $2 holder, $3 epoch, $4 milliseconds */
export const RENEW_LEASE = `
  update lease set expires_at = clock_timestamp() + $4 * interval '1 millisecond'
  where name = $1 and holder = $2 and epoch = $3
  returning epoch`;

/** $1 name, $2 holder, $3 epoch */
export const GIVE_UP_LEASE = `
  update lease set expires_at = clock_timestamp() - interval '1 second'
  where name = $1 and holder = $2 and epoch = $3`;
