import { Injectable } from '@nestjs/common';
import CircuitBreaker from 'opossum';

/** The partner's API behind a circuit breaker. */
@Injectable()
export class Partner {
  private readonly breaker = new CircuitBreaker((title: { receivableId: string }) => this.put(title), {
    timeout: 10_000,
    errorThresholdPercentage: 50,
    resetTimeout: 30_000,
  });

  send(title: { receivableId: string }): Promise<void> {
    return this.breaker.fire(title);
  }

  private async put(title: { receivableId: string }): Promise<void> {
    const url = `${process.env.PARTNER_URL}/api/v1/financials?external_id_financial=${title.receivableId}`;
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(title) });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`the partner answered ${answer.status}`);
  }
}
