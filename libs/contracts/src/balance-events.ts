import { Count, Flag, Instant, OneOf, Optional, Parts, Serial, Shaped, Text, TextList, Uuid } from './fields.js';
import { ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS } from './outcome-parts.js';

/** An hour of event times, UTC, of one type in one company. */
export class BalancedHour {
  @Text(120)
  type!: string;

  /** Its first instant. */
  @Instant()
  hour!: string;
}

/** How many events the hub carried in an hour, and which: the digest does not depend on their order. */
export class CarriedHour extends BalancedHour {
  @Count()
  count!: number;

  @Shaped(/^[0-9a-f]{32}$/, '32 hexadecimal digits')
  digest!: string;
}

/** Data of `audit.balance.begun.v1`: once the audit has heard itself say so, it has heard all that came before. */
export class BalanceBegun {
  @Uuid()
  round!: string;

  /** Hours that end at or before this instant are told. */
  @Instant()
  upTo!: string;
}

/** Data of `audit.balance.told.v1`: every hour that changed was told; it comes in behind whatever it tells of. */
export class BalanceTold extends BalanceBegun {}

/** Data of `audit.balance.carried.v1`: what the audit heard of one company, by type and hour. */
export class BalanceCarried {
  @Uuid()
  round!: string;

  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Parts(() => CarriedHour, { min: 1, max: 500 })
  hours!: CarriedHour[];
}

/** Data of `<connector>.balance.differed.v1`: the connector has something else for these hours and asks for the ids. */
export class BalanceDiffered {
  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Parts(() => BalancedHour, { min: 1, max: 200 })
  hours!: BalancedHour[];
}

export const LISTED_IDS_MAX = 2_000;

/** Data of `audit.balance.listed.v1`: all ids the audit heard in an hour that are above `after`, up to `upTo`. */
export class BalanceListed extends BalancedHour {
  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Uuid()
  after!: string;

  @Uuid()
  upTo!: string;

  @TextList({ max: LISTED_IDS_MAX, of: 36 })
  ids!: string[];

  /** Of the hour. */
  @Flag()
  last!: boolean;
}

export const RE_EMITTED_IDS_MAX = 1_000;

/** Data of `<connector>.balance.re-emit-requested.v1`: a person has the missing events published again. */
export class BalanceReEmitRequested {
  @Serial()
  differenceId!: string;

  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @TextList({ max: RE_EMITTED_IDS_MAX, of: 36 })
  ids!: string[];

  @Text(120)
  actor!: string;

  @Text(2000)
  reason!: string;
}

export const NOT_RE_EMITTED_REASONS = ['erased', 'not-held'] as const;

export class NotReEmitted {
  @Uuid()
  id!: string;

  @OneOf(NOT_RE_EMITTED_REASONS)
  reason!: (typeof NOT_RE_EMITTED_REASONS)[number];
}

/** Data of `audit.balance.re-emitted.v1`: what became of the request. */
export class BalanceReEmitted {
  @Serial()
  differenceId!: string;

  /** Who asked: the first word of its outcome types. */
  @Text(40)
  connector!: string;

  @Shaped(ERP_SOURCE_SHAPE, ERP_SOURCE_WORDS)
  source!: string;

  @Count()
  emitted!: number;

  @Parts(() => NotReEmitted, { max: RE_EMITTED_IDS_MAX })
  refused!: NotReEmitted[];

  @Optional()
  @Text(120)
  actor?: string;
}
