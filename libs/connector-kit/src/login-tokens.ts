import { unavailable, type Unavailable } from '#libs/contracts';
import { Secret, type Clock } from '#libs/runtime';
import type { Words } from '#libs/settings';
import type { LoginAnswer } from './login-definition.js';
import { LoginRows, LoginsAway, type LoginOf, type LoginState, type Token } from './login-rows.js';
import { NoToken } from './no-token.js';

/** A login somebody needs, and how it is made. */
export interface LoginWish extends LoginOf {
  /** Monotonic: whoever asked waits no longer. */
  endsAt: number;
  /** Asks the partner; not a byte leaves after `endsAt`. An exception is our bug. */
  logIn: (endsAt: number) => Promise<LoginAnswer>;
}

/** How a login came down, for all who waited for it. */
type Landed = { token: Token } | { none: NoToken };

/** A login whose holder died is waited for so much longer than it could have taken. */
const LEASE_MARGIN_MS = 1_000;
/** How often the replicas that wait look whether the token is there. */
const LOOK_AGAIN_MS = 100;
/** After a renewal ahead of time that failed; the token still serves. */
const RENEW_AGAIN_MS = 30_000;
/** No generation is later: only a login of one's own will do. */
const ANEW = Infinity;

/**
 * One token per login of an integration, the same for all replicas, got by one login at a time.
 *
 * Who logs in is a lease in the token's row, and not a lock: a lock would hold a transaction, and a pooled connection,
 * for as long as a slow partner likes, and ten integrations would hold them all. In one process those who need the same
 * login wait for one flight; the flights of several replicas meet in the row, where one takes the lease and the others
 * look again every 100 ms. The lease outlasts the login it is for, so none runs beside another unless a process was
 * stopped; then the later attempt counts, and the earlier one's token is thrown away.
 *
 * A login has half of a delivery's deadline: who waits out the lease of a process that died still has time for a login of
 * its own. It belongs to nobody's delivery: whoever asked first may give up, and the others still get its token.
 */
export class LoginTokens {
  private readonly flights = new Map<string, Promise<Landed>>();
  private readonly quietUntil = new Map<string, number>();

  constructor(
    private readonly rows: LoginRows,
    private readonly clock: Clock,
  ) {}

  /**
   * @param rejected the generation the partner answered with 401: only a later one will do
   * @throws NoToken where there is none to be had, or the deadline is over
   */
  async token(wish: LoginWish, rejected = 0): Promise<Token> {
    for (;;) {
      const state = await this.read(wish);
      const { token, ageing } = state;
      if (token && token.generation > rejected) {
        if (ageing) this.renewAhead(wish, token);
        return token;
      }
      const landed = await this.within(wish, this.flightOf(wish, rejected));
      if ('none' in landed) throw landed.none;
      if (landed.token.generation > rejected) return landed.token;
    }
  }

  /** By a login that begins after this call, whatever token there is. @throws NoToken */
  async anew(wish: LoginWish): Promise<Token> {
    for (let others; (others = this.flights.get(keyOf(wish)));) {
      await this.within(wish, others);
      if (this.clock.monotonicMs() >= wish.endsAt) throw NoToken.inTime();
    }
    const landed = await this.within(wish, this.flightOf(wish, ANEW));
    if ('none' in landed) throw landed.none;
    return landed.token;
  }

  /** What the last login that was let in said beside its token, whatever became of that. */
  async note(login: LoginOf): Promise<unknown> {
    return (await this.rows.read(login)).note;
  }

  private flightOf(wish: LoginWish, after: number): Promise<Landed> {
    const key = keyOf(wish);
    const flight = this.flights.get(key) ?? this.fly(wish, after).finally(() => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }

  /** @param after only a token of a later generation will do */
  private async fly(wish: LoginWish, after: number): Promise<Landed> {
    const loginMs = loginMsOf(wish);
    const endsAt = this.clock.monotonicMs() + 2 * loginMs + LEASE_MARGIN_MS;
    try {
      while (this.clock.monotonicMs() < endsAt) {
        const state = await this.read(wish, after);
        if (state.token && state.token.generation > after) return { token: state.token };
        const attempt = state.running
          ? undefined
          : await this.rows.begin(wish, state.attempt, loginMs + LEASE_MARGIN_MS);
        const landed = attempt === undefined ? undefined : await this.logIn(wish, attempt, loginMs);
        if (landed) return landed;
        await this.clock.sleep(LOOK_AGAIN_MS);
      }
      return { none: NoToken.inTime() };
    } catch (error) {
      if (error instanceof NoToken) return { none: error };
      if (error instanceof LoginsAway) return { none: NoToken.ofOurs(error.message) };
      throw error;
    }
  }

  /** @throws NoToken where nobody may log in */
  private async read(wish: LoginWish, after = 0): Promise<LoginState> {
    const state = await this.rows.read(wish).catch((error: unknown) => {
      throw error instanceof LoginsAway ? NoToken.ofOurs(error.message) : error;
    });
    if (state.replaced) throw NoToken.ofOurs('the settings were saved since this call was opened');
    if (state.refusal && after !== ANEW) throw NoToken.refused(state.refusal);
    return state;
  }

  /** @returns nothing where a later attempt was begun meanwhile */
  private async logIn(wish: LoginWish, attempt: number, loginMs: number): Promise<Landed | undefined> {
    const startedAt = this.clock.monotonicMs();
    let answer: LoginAnswer;
    try {
      answer = await wish.logIn(startedAt + loginMs);
    } catch (error) {
      await this.rows.end(wish, attempt);
      throw error;
    }
    const refusal = refusalIn(answer);
    if (refusal) return this.refuse(wish, attempt, refusal);
    if (answer.kind === 'token' && isUsable(answer.token)) return this.keep(wish, attempt, answer, startedAt);
    await this.rows.end(wish, attempt);
    return { none: new NoToken(answer.kind === 'unavailable' ? answer : strangeAnswer()) };
  }

  private async keep(
    wish: LoginWish,
    attempt: number,
    { token, expiresInSeconds, note }: LoginAnswer & { kind: 'token' },
    startedAt: number,
  ): Promise<Landed | undefined> {
    const passedMs = this.clock.monotonicMs() - startedAt;
    const lifeMs = readLifetimeMs(expiresInSeconds);
    const secret = new Secret(token);
    const times = { renewInMs: lifeMs - marginMs(lifeMs) - passedMs, endsInMs: lifeMs - passedMs };
    const kept = await this.rows.keep(wish, attempt, { secret, note, ...times });
    return kept && { token: kept };
  }

  private async refuse(wish: LoginWish, attempt: number, detail: Words): Promise<Landed | undefined> {
    if (await this.rows.refuse(wish, attempt, detail)) return { none: NoToken.refused(detail) };
    await this.rows.end(wish, attempt);
    return undefined;
  }

  /** The one there is still serves: nobody waits, and a failure is nobody's, until it is over. */
  private renewAhead(wish: LoginWish, { generation }: Token): void {
    const key = keyOf(wish);
    if (this.flights.has(key) || this.clock.monotonicMs() < (this.quietUntil.get(key) ?? -Infinity)) return;
    const later = () => void this.quietUntil.set(key, this.clock.monotonicMs() + RENEW_AGAIN_MS);
    const settled = (landed: Landed) => ('none' in landed ? later() : void this.quietUntil.delete(key));
    this.flightOf(wish, generation).then(settled, later);
  }

  /** Whoever asked waits for the flight as long as its own deadline lets it. */
  private async within({ endsAt }: LoginWish, flight: Promise<Landed>): Promise<Landed> {
    const waiting = new AbortController();
    const over = this.clock
      .sleep(Math.max(endsAt - this.clock.monotonicMs(), 0), waiting.signal)
      .then((): Landed => ({ none: NoToken.inTime() }));
    try {
      return await Promise.race([flight, over]);
    } finally {
      waiting.abort();
    }
  }
}

/** Half of what a delivery has: time for whoever waited in vain. */
export function loginMsOf({ integration }: LoginOf): number {
  return integration.settings.deadlineSeconds * 500;
}

/**
 * How long before its end a token is renewed: 5 % of its life, at least a minute, at most ten, and never more than half.
 *   lives   5 h    1 h    10 min   1 min   4 s
 *   margin  10 min 3 min  1 min    30 s    2 s
 */
export function marginMs(lifeMs: number): number {
  return Math.min(Math.max(lifeMs / 20, 60_000), 600_000, lifeMs / 2);
}

const LONGEST_LIFE_MS = 365 * 86_400_000;

/** What is no length of time is none: the token serves those who wait for it, and nobody after. */
function readLifetimeMs(seconds: number): number {
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, LONGEST_LIFE_MS) : 0;
}

/** Settings that were saved wait for no login of those before. */
function keyOf({ integration, scope }: LoginOf): string {
  return `${integration.id}/${scope}/${integration.version}`;
}

/** A 401 that the connector reads like any other is one as well. */
function refusalIn(answer: LoginAnswer): Words | undefined {
  if (answer.kind === 'refused') return answer.detail;
  if (answer.kind !== 'unavailable' || answer.pause?.reason !== 'credential') return undefined;
  const [pt = '', en = pt] = answer.pause.detail.split(' / ');
  return { pt, en };
}

/** What a header can carry. */
function isUsable(token: unknown): boolean {
  return typeof token === 'string' && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(token);
}

function strangeAnswer(): Unavailable {
  return unavailable('o login respondeu sem um token / the login answered without a token');
}
