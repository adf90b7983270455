import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { NotNow } from '#libs/delivery';
import type { MaskedExchange } from '#libs/partner';
import type { Integration } from '#libs/settings';
import { eventually } from '#libs/testing';
import { CANARY, LOCKED, PASSWORD, startLoginPartner, type LoginPartner } from '../test/login-partner.js';
import { kindsOf, openReplicas, type Replicas } from '../test/login-replicas.js';
import { SETTINGS_KEYS } from '../test/shop-database.js';
import { marginMs } from './login-tokens.js';
import type { PartnerSettings } from './partner-settings.js';

describe('The token of a login', () => {
  let partner: LoginPartner;
  let replicas: Replicas;
  let integration: Integration<PartnerSettings>;

  beforeEach(async () => {
    partner = await startLoginPartner();
    replicas = await openReplicas(partner.url);
    integration = await replicas.save();
  });

  afterEach(async () => {
    await partner.close();
    await replicas.close();
  });

  /** From both replicas at once. */
  function storm(calls: number) {
    const { first, second } = replicas;
    return Promise.all(Array.from({ length: calls }, (_, at) => (at % 2 ? first : second).deliver(integration)));
  }

  const setRow = (columns: string) => replicas.pool.query(`update login_token set ${columns}`);
  const generation = async () =>
    (await replicas.pool.query<{ generation: number }>('select generation from login_token')).rows[0]?.generation;

  it('is got once for fifty calls of two replicas that have none', async () => {
    expect(kindsOf(await storm(50))).toEqual({ delivered: 50 });
    expect(partner.logins).toBe(1);
  });

  it('is got once more for fifty calls that find it over', async () => {
    await storm(2);
    await setRow(`expires_at = now(), renew_at = now()`);
    expect(kindsOf(await storm(50))).toEqual({ delivered: 50 });
    expect(partner.logins).toBe(2);
  });

  it('is got once more for fifty calls that the partner answers with 401', async () => {
    await storm(2);
    partner.tokens.clear();
    expect(kindsOf(await storm(50))).toEqual({ delivered: 50 });
    expect(partner.logins).toBe(2);
    expect(await generation()).toBe(2);
  });

  it('that the newest takes the place of is given up by every replica, though the partner takes one alone', async () => {
    partner.rotates = true;
    await storm(10);
    for (const each of [replicas.first, replicas.second, replicas.first]) {
      await setRow(`expires_at = now()`);
      expect((await each.deliver(integration)).outcome.kind).toBe('delivered');
      expect(kindsOf(await storm(10))).toEqual({ delivered: 10 });
    }
    expect(partner.logins).toBe(4);
  });

  it('answered by one 401 is got anew, and the same request made once more', async () => {
    await storm(1);
    partner.tokens.clear();
    const { outcome, exchange } = await replicas.first.deliver(integration, { body: { id: 'T1' } });
    expect(outcome).toEqual({ kind: 'delivered', reference: 'T1' });
    expect(exchange).toMatchObject([
      { path: '/titles/T1', status: 401 },
      { path: '/login', status: 200 },
      { path: '/titles/T1', status: 200 },
    ]);
  });

  it('refused twice is left to a person: there is one more login, and no third request', async () => {
    await storm(1);
    partner.turnsAway = Infinity;
    const before = partner.requests.length;
    const { outcome } = await replicas.first.deliver(integration);
    expect(outcome).toMatchObject({ kind: 'unavailable', pause: { reason: 'credential' } });
    expect(partner.logins).toBe(2);
    expect(partner.requests).toHaveLength(before + 2);
  });

  it('is refused to a locked user once, whoever else waits for it, in the partner’s own sentence', async () => {
    partner.loginMischief.push('locked', 'locked', 'locked');
    const answers = await storm(50);
    const detail = `${LOCKED.pt} / ${LOCKED.en}`;
    const outcome = { kind: 'unavailable', reason: detail, pause: { reason: 'credential', detail } };
    expect(answers.map((answer) => answer.outcome)).toEqual(answers.map(() => outcome));
    expect(partner.logins).toBe(1);
    expect(partner.requests).toEqual([]);
  });

  it('is not asked for again while its refusal stops an endpoint, and is once nothing stops it', async () => {
    partner.loginMischief.push('locked');
    await replicas.first.deliver(integration);
    const { rows } = await replicas.pool.query<{ id: string }>(
      `insert into endpoint (integration_id, operation_group, owner_key, concurrency)
       values (${integration.id}, 'titles', 'o', 8) returning id`,
    );
    await replicas.pool.query(
      `insert into endpoint_pause (endpoint_id, reason, detail, set_by) values (${rows[0]!.id}, 'credential', '', 'partner')`,
    );
    await setRow(`refused_at = now() - interval '1 hour'`);
    expect((await replicas.second.deliver(integration)).outcome).toMatchObject({ pause: { reason: 'credential' } });
    expect(partner.logins).toBe(1);
    await replicas.pool.query('delete from endpoint_pause');
    expect((await replicas.second.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it.each(['503', 'reset', 'no-token'] as const)(
    'that a login answered by %s does not bring is nobody’s fault',
    async (does) => {
      partner.loginMischief.push(does);
      const { outcome } = await replicas.first.deliver(integration, { operation: 'analysis.buy' });
      expect(outcome.kind).toBe('unavailable');
      expect(outcome).not.toHaveProperty('pause');
      expect((await replicas.first.deliver(integration)).outcome.kind).toBe('delivered');
    },
  );

  it('that is missing once a paid request was taken leaves it unknown, and not "not made"', async () => {
    const before = () => {
      partner.tokens.clear();
      partner.loginMischief.push('503');
    };
    const paid = { operation: 'analysis.buy', body: { id: 'A1', before } };
    expect((await replicas.first.deliver(integration, paid)).outcome.kind).toBe('unknown');
    expect(partner.charges).toEqual(['A1']);
  });

  it('is waited for no longer than a delivery has, and serves the others when it comes', async () => {
    partner.loginMischief.push('hang');
    integration = await replicas.save({ deadlineSeconds: 4 });
    const hurried = replicas.first.deliver(integration, {}, 300);
    await eventually(() => expect(partner.logins).toBe(1));
    const patient = replicas.second.deliver(integration, {}, 20_000);
    expect((await hurried).outcome).toMatchObject({
      kind: 'unavailable',
      reason: 'sem login dentro do prazo / no login in time',
    });
    expect((await patient).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('that a process died over is got by another once its lease is over', async () => {
    await replicas.pool.query(
      `insert into login_token (integration_id, scope, settings_version, attempt, login_until)
       values (${integration.id}, '*', 1, 7, now() + interval '700 ms')`,
    );
    const waiting = storm(4);
    expect(kindsOf(await waiting)).toEqual({ delivered: 4 });
    expect(partner.logins).toBe(1);
    expect((await replicas.pool.query('select attempt from login_token')).rows).toEqual([{ attempt: 8 }]);
  });

  it('is renewed ahead of its end while the one there is goes on serving', async () => {
    await storm(1);
    const [token] = partner.tokens;
    await setRow(`renew_at = now()`);
    await replicas.first.deliver(integration);
    expect(partner.requests.at(-1)).toContain(token);
    await eventually(async () => expect(await generation()).toBe(2));
    await replicas.second.deliver(integration);
    expect(partner.requests.at(-1)).not.toContain(token);
  });

  it('goes on serving though its renewal fails, which is not tried for every call', async () => {
    await storm(1);
    await setRow(`renew_at = now()`);
    partner.loginMischief.push('503', '503', '503', '503');
    await replicas.first.deliver(integration);
    await eventually(() => expect(partner.logins).toBe(2));
    await eventually(async () =>
      expect((await replicas.pool.query(`select login_until < now() as free from login_token`)).rows).toEqual([
        { free: true },
      ]),
    );
    for (let call = 0; call < 5; call++)
      expect((await replicas.first.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('that is over at once serves those who waited for it', async () => {
    partner.expiresIn = Number.NaN;
    expect((await replicas.first.deliver(integration)).outcome.kind).toBe('delivered');
    expect((await replicas.first.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('got with an old password is used no more once another is saved', async () => {
    await storm(2);
    const [old] = partner.tokens;
    partner.password = `${CANARY}-nova`;
    const saved = await replicas.save({ password: partner.password });
    replicas.first.book.note([saved]);
    expect((await replicas.first.deliver(saved)).outcome.kind).toBe('delivered');
    expect(partner.tried).toEqual([PASSWORD, partner.password]);
    expect(partner.requests.at(-1)).not.toContain(old);
  });

  it('got by another user is used no more', async () => {
    await storm(1);
    const saved = await replicas.save({ user: 'another' });
    expect((await replicas.first.deliver(saved)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('is shown to no address it was not got at, though no save says that it is another', async () => {
    await storm(1);
    const elsewhere = await startLoginPartner();
    await replicas.pool.query(`update integration set settings = settings || '{"baseUrl": "${elsewhere.url}"}'`);
    expect((await replicas.openReplica().deliver(integration)).outcome.kind).toBe('delivered');
    expect([partner.logins, elsewhere.logins, elsewhere.requests.length]).toEqual([1, 1, 1]);
    await elsewhere.close();
  });

  it('is never got with settings that were replaced: the delivery goes back, and is made with those that stand', async () => {
    replicas.second.book.note([integration]);
    partner.password = `${CANARY}-nova`;
    await replicas.save({ password: partner.password });
    await expect(replicas.second.deliver(integration)).rejects.toThrow(NotNow);
    expect(partner.logins).toBe(0);
    expect((await replicas.second.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.tried).toEqual([partner.password]);
  });

  it('that cannot be looked up hands the delivery back as it came', async () => {
    await replicas.first.book.read(integration.id);
    await replicas.pool.query('alter table login_token rename to login_token_away');
    await expect(replicas.first.deliver(integration)).rejects.toThrow(NotNow);
    await expect(replicas.first.deliver(integration, { operation: 'analysis.buy' })).rejects.toThrow(NotNow);
    expect(partner.requests).toEqual([]);
  });

  it('survives a new key, and is got anew where its own key is gone', async () => {
    await storm(1);
    const newest = `k2:${randomBytes(32).toString('base64')}`;
    const both = replicas.openReplica(`${newest},${SETTINGS_KEYS}`);
    expect((await both.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(1);
    await both.registry.reencrypt(both.pool);
    const newestAlone = replicas.openReplica(newest);
    expect((await newestAlone.deliver(integration)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('does not open in the row of another integration', async () => {
    await storm(1);
    const { first } = replicas;
    const other = await first.registry.save(
      first.pool,
      { source: '/erp/demo', company: '2', enabled: true, settings: { ...integration.settings, password: PASSWORD } },
      { name: 'ana', mayChange: () => true },
    );
    await replicas.pool.query(
      `insert into login_token select ${other.after.id}, scope, 1, attempt, login_until, generation, token, renew_at, expires_at
       from login_token`,
    );
    expect((await first.deliver(other.after)).outcome.kind).toBe('delivered');
    expect(partner.logins).toBe(2);
  });

  it('is shown to no other address: a group that calls one has a login of its own', async () => {
    const elsewhere = await startLoginPartner();
    integration = await replicas.save({ titlesUrl: elsewhere.url });
    for (let call = 0; call < 2; call++) {
      expect((await replicas.first.deliver(integration)).outcome.kind).toBe('delivered');
      const bought = await replicas.first.deliver(integration, { operation: 'analysis.buy', endpointId: 'e2' });
      expect(bought.outcome.kind).toBe('delivered');
    }
    expect([partner.logins, elsewhere.logins]).toEqual([1, 1]);
    expect([partner.charges.length, elsewhere.charges.length]).toEqual([2, 0]);
    await elsewhere.close();
  });

  it('is in nothing that is kept of a call, nor is the password, whatever the partner repeats', async () => {
    const answers = [await replicas.first.deliver(integration, { body: { id: 'refused' } })];
    partner.turnsAway = 2;
    answers.push(await replicas.first.deliver(integration));
    partner.loginMischief.push('locked');
    await setRow(`expires_at = now()`);
    answers.push(await replicas.first.deliver(integration));
    expect(answers.map(({ outcome }) => outcome.kind)).toEqual(['refused', 'unavailable', 'unavailable']);
    const logins = answers.flatMap(({ exchange }) =>
      (exchange as MaskedExchange[]).filter(({ path }) => path === '/login'),
    );
    expect(logins).toMatchObject([{ status: 200 }, { status: 200 }, { status: 400 }]);
    expect(logins.map(({ requestBody }) => requestBody)).toEqual(['[login]', '[login]', '[login]']);
    expect(logins.map(({ answerBody }) => typeof answerBody)).toEqual(['undefined', 'undefined', 'string']);
    expect(JSON.stringify(answers)).toContain('locked, with [masked]');
    expect(JSON.stringify(answers)).toContain('not by [masked]');
    expect(JSON.stringify(answers)).not.toContain(CANARY);
    const { rows } = await replicas.pool.query('select * from login_token');
    expect(JSON.stringify(rows)).not.toContain(CANARY);
  });

  it('goes with its integration', async () => {
    await storm(1);
    await replicas.pool.query('delete from setting_change');
    await replicas.pool.query('delete from integration');
    expect((await replicas.pool.query('select * from login_token')).rows).toEqual([]);
  });
});

describe('A token is renewed before its end', () => {
  it.each([
    [18_000, 600],
    [3_600, 180],
    [600, 60],
    [60, 30],
    [4, 2],
  ])('that comes after %i s, by %i s', (lifeS, marginS) => {
    expect(marginMs(lifeS * 1_000)).toBe(marginS * 1_000);
  });
});
