import { IsBoolean, IsIn, IsInt, IsObject, IsOptional, IsString, Max, Min } from 'class-validator';
import { Clock } from '#libs/runtime';

/**
 * What is to go wrong at a partner, all of it together.
 *
 * Per call: `latencyMs` comes first; then `status` (with `headers` and `body`) or `garbage` answers without acting, or the
 * call is acted on and `applyThenHang`, `applyThenReset`, `applyThenHuge` or `applyThenStatus` spoils the answer.
 * While they stand, for every call of the account: `tokenLifetimeS`, `rateLimitPerMinute`, `readLagMs`.
 * Which calls: those of `account`, `verb` and `path` where given; of these the next `for`, and of those each `every`-th.
 */
export class PartnerFaults {
  /** Answers this without acting. */
  @IsOptional()
  @IsInt()
  @Min(200)
  @Max(599)
  status?: number;

  /** Sent along with `status` or `applyThenStatus`: `{"retry-after": "30"}`. */
  @IsOptional()
  @IsObject()
  headers?: Record<string, string>;

  /** Sent with `status` instead of the partner's words for it: `{"error": "…"}` beside a 200. */
  @IsOptional()
  @IsObject()
  body?: Record<string, unknown>;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(600_000)
  latencyMs?: number;

  /** Acts, then never answers. */
  @IsOptional()
  @IsBoolean()
  applyThenHang?: boolean;

  /** Acts, then resets the connection. */
  @IsOptional()
  @IsBoolean()
  applyThenReset?: boolean;

  /** Acts, then answers 200 with a JSON text of so many bytes. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64 * 1024 * 1024)
  applyThenHuge?: number;

  /** Acts, then answers this. */
  @IsOptional()
  @IsInt()
  @Min(200)
  @Max(599)
  applyThenStatus?: number;

  /** Answers 200 with somebody's login page, without acting. */
  @IsOptional()
  @IsBoolean()
  garbage?: boolean;

  /**
   * Credentials are refused this long after the faults were set; where a login gives out tokens, each is refused at this
   * age, whatever the login said.
   */
  @IsOptional()
  @IsInt()
  @Min(0)
  tokenLifetimeS?: number;

  /** Calls an account may make per minute; 0 lifts the partner's own limit. */
  @IsOptional()
  @IsInt()
  @Min(0)
  rateLimitPerMinute?: number;

  /** What is read is as old as this; what is written counts at once. */
  @IsOptional()
  @IsInt()
  @Min(0)
  readLagMs?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  every?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  for?: number;

  @IsOptional()
  @IsString()
  account?: string;

  @IsOptional()
  @IsIn(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])
  verb?: string;

  /** How the path begins, without the partner's own segment: `/api/v3/consultas`. */
  @IsOptional()
  @IsString()
  path?: string;
}

export interface FaultsState {
  faults: PartnerFaults;
  /** Calls that matched since they were set. */
  matched: number;
  /** Calls that were hit. */
  hit: number;
}

/** The faults that stand at one partner, and the count of the calls they met. */
export class FaultSwitch {
  private faults: PartnerFaults = {};
  private setAtMs = 0;
  private matched = 0;
  private hit = 0;

  constructor(private readonly clock: Clock) {}

  /** Takes the place of whatever stood. */
  set(faults: PartnerFaults): void {
    this.faults = faults;
    this.setAtMs = this.clock.monotonicMs();
    this.matched = 0;
    this.hit = 0;
  }

  clear(): void {
    this.set({});
  }

  state(): FaultsState {
    return { faults: this.faults, matched: this.matched, hit: this.hit };
  }

  /** What spoils this call; it counts, so it is asked once per call. */
  meet(call: { verb: string; path: string; account?: string }): PartnerFaults | undefined {
    const { verb, account, path = '', every = 1 } = this.faults;
    if ((verb && verb !== call.verb) || (account && account !== call.account)) return undefined;
    if (!call.path.startsWith(path)) return undefined;
    this.matched++;
    if (this.isOver() || this.matched % every !== 0) return undefined;
    this.hit++;
    return this.faults;
  }

  readLagMs(account: string): number {
    return this.standsFor(account) ? (this.faults.readLagMs ?? 0) : 0;
  }

  /** 0: no limit. */
  rateLimitPerMinute(account: string, ofPartner: number): number {
    return this.standsFor(account) ? (this.faults.rateLimitPerMinute ?? ofPartner) : ofPartner;
  }

  hasTokenExpired(account: string): boolean {
    const tokenLifetimeS = this.tokenLifetimeS(account);
    if (tokenLifetimeS === undefined) return false;
    return this.clock.monotonicMs() - this.setAtMs >= tokenLifetimeS * 1000;
  }

  /** The age at which a token that was given out is refused; undefined where it lives as long as its login said. */
  tokenLifetimeS(account: string): number | undefined {
    return this.standsFor(account) ? this.faults.tokenLifetimeS : undefined;
  }

  private standsFor(account: string): boolean {
    return !this.isOver() && (this.faults.account === undefined || this.faults.account === account);
  }

  /** From the first matching call after the last of `for`. */
  private isOver(): boolean {
    return this.faults.for !== undefined && this.matched > this.faults.for;
  }
}
