/**
 * $1 integration, $2 scope, $3 ms: how the login stands, whether or not there was one. A refusal stands while it stops
 * an endpoint of the integration, and for those ms before it does.
 */
export const READ_LOGIN = `
  select i.version, coalesce(t.attempt, 0) as attempt, coalesce(t.generation, 0) as generation,
    t.settings_version, t.token, t.note, t.refusal,
    coalesce(t.login_until > clock_timestamp(), false) as running,
    coalesce(t.expires_at > clock_timestamp(), false) as alive,
    coalesce(t.renew_at <= clock_timestamp(), false) as ageing,
    t.refused_at is not null and (
      t.refused_at > clock_timestamp() - $3::float8 * interval '1 millisecond'
      or exists (
        select from endpoint e join endpoint_pause p on p.endpoint_id = e.id
        where e.integration_id = i.id and p.reason = 'credential')) as refusal_stands
  from integration i
  left join login_token t on t.integration_id = i.id and t.scope = $2
  where i.id = $1`;

/**
 * $1 integration, $2 scope, $3 version of its settings, $4 ms, $5 the attempt it follows: the next login is ours for so
 * long. No row where another one was begun since, or runs.
 */
export const BEGIN_LOGIN = `
  insert into login_token as t (integration_id, scope, settings_version, attempt, login_until)
  values ($1, $2, $3, 1, clock_timestamp() + $4::float8 * interval '1 millisecond')
  on conflict (integration_id, scope) do update
    set attempt = t.attempt + 1, login_until = excluded.login_until
    where t.attempt = $5 and t.login_until <= clock_timestamp()
  returning attempt`;

/** $1 integration, $2 scope, $3 attempt, $4 version of its settings, $5 sealed token, $6 ms to its renewal, $7 ms to its end, $8 note */
export const KEEP_TOKEN = `
  update login_token
  set generation = generation + 1, settings_version = $4, token = $5, note = $8, refusal = null, refused_at = null,
    renew_at = clock_timestamp() + $6::float8 * interval '1 millisecond',
    expires_at = clock_timestamp() + $7::float8 * interval '1 millisecond',
    login_until = '-infinity'
  where integration_id = $1 and scope = $2 and attempt = $3
  returning generation`;

/**
 * $1 integration, $2 scope, $3 attempt, $4 version of its settings, $5 refusal. No row where another login was begun
 * since, or the settings were saved: what the partner refused are not those that stand.
 */
export const KEEP_REFUSAL = `
  update login_token
  set settings_version = $4, token = null, refusal = $5, refused_at = clock_timestamp(), login_until = '-infinity'
  where integration_id = $1 and scope = $2 and attempt = $3
    and (select version from integration where id = $1) = $4
  returning attempt`;

/** $1 integration, $2 scope, $3 attempt: it brought nothing, and the next may begin */
export const END_LOGIN = `
  update login_token set login_until = '-infinity' where integration_id = $1 and scope = $2 and attempt = $3`;

/** $1 integration: somebody saved it, and may have done so because the partner lets us in again */
export const FORGET_REFUSALS = `
  update login_token set refusal = null, refused_at = null where integration_id = $1 and refused_at is not null`;
