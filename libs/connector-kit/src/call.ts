import type { Words } from '#libs/settings';
import type { PartnerAnswer, PartnerRequest } from '#libs/partner';

/** What one delivery may use while it is made. */
export interface Call<S> {
  readonly settings: S;
  /** The same for every try of this delivery, and no other's: for partners that honour an idempotency key. */
  readonly idempotencyKey: string;
  /**
   * One HTTP call to the integration's partner, within what is left of the delivery's deadline; request and answer are
   * kept, masked, with the attempt. Once the deadline is over nothing more is sent. A partner that cannot be reached ends the delivery by itself: no need to catch.
   */
  request(request: PartnerRequest, about?: AboutRequest): Promise<PartnerAnswer>;
}

/** What the deliveries of one batch may use while they are made. */
export interface BatchCall<S> extends Call<S> {
  /** A UUID: the same when the same deliveries go together again, and no other batch's. */
  readonly batchId: string;
}

export interface AboutRequest {
  /**
   * Nothing of what a paid or irreversible operation does is done by it: a login, a search by POST. A GET or HEAD need not
   * say so. Of any other request without a clear answer the operation is held to have happened, perhaps.
   */
  changesNothing?: true;
}

/** What a connection test found; `problem` says whose turn it is. */
export type ConnectionVerdict =
  | { ok: true; detail?: Words }
  | {
      ok: false;
      /** The credentials are wrong; they are right and the licence has ended; the partner answers, and strangely. */
      problem: 'credential' | 'licence-ended' | 'not-configured' | 'unreachable' | 'strange-answer';
      detail: Words;
    };
