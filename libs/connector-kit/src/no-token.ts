import { unavailable, type Outcome, type Unavailable } from '#libs/contracts';
import { readUnavailable } from '#libs/partner';
import type { Words } from '#libs/settings';

/** A request that never left, for want of a token. */
export class NoToken extends Error {
  override readonly name = 'NoToken';

  constructor(
    readonly outcome: Unavailable,
    /** The partner refused to let us in, in its words. */
    readonly refusal?: Words,
    /** It is for reasons of our own, which say nothing of the delivery. */
    readonly isOurs = false,
  ) {
    super(outcome.reason);
  }

  static refused(words: Words): NoToken {
    const detail = words.pt === words.en ? words.pt : `${words.pt} / ${words.en}`;
    return new NoToken(unavailable(detail, { pause: { reason: 'credential', detail } }), words);
  }

  static inTime(): NoToken {
    return new NoToken(unavailable('sem login dentro do prazo / no login in time'));
  }

  static ofOurs(reason: string): NoToken {
    return new NoToken(unavailable(reason), undefined, true);
  }
}

/** What a request that got no answer means for its delivery; undefined for any other error: our bug. */
export function readNoAnswer(error: unknown): Outcome | undefined {
  return error instanceof NoToken ? error.outcome : readUnavailable(error);
}
