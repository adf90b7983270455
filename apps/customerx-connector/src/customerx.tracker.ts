import { Injectable } from '@nestjs/common';
import { refused, type Outcome } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import { readUnavailable, type PartnerAnswer } from '#libs/partner';
import { readAnswer } from './customerx.answers.js';
import type { CustomerXSettings } from './customerx.settings.js';
import type { Tracking } from './customerx.tracking.js';

type CustomerXCall = Call<CustomerXSettings>;

/** CustomerX's Tracking API: one address, one verb, credential and key of its own. */
@Injectable()
export class CustomerXTracker {
  /**
   * Every tracking counts in the client's health, the same one twice too, and the API knows no idempotency key: what may
   * have arrived is not sent again. A lost tracking is listed and harms nobody.
   */
  async postTracking(tracking: Tracking, call: CustomerXCall): Promise<Outcome> {
    try {
      const answer = await send(call, tracking);
      return answer.status >= 500 ? unrepeated(`HTTP ${answer.status}`) : readAnswer(answer);
    } catch (error) {
      const outcome = readUnavailable(error);
      if (outcome?.kind !== 'unknown') throw error;
      return unrepeated(outcome.reason);
    }
  }

  /** An empty tracking is refused by whoever knows the credential, and leaves nothing behind. */
  probe(call: CustomerXCall): Promise<PartnerAnswer> {
    return send(call, {});
  }
}

function send(call: CustomerXCall, body: object): Promise<PartnerAnswer> {
  const { credential, key } = call.settings;
  const headers = { credential: credential?.reveal() ?? '', key: key?.reveal() ?? '' };
  return call.request({ method: 'POST', path: '/', headers, body });
}

function unrepeated(reason: string): Outcome {
  return refused(
    `${reason}: pode ter chegado, e repetir contaria duas vezes / it may have arrived, and repeating would count twice`,
  );
}
