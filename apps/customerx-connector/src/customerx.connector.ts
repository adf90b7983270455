import { Injectable } from '@nestjs/common';
import type { EventTypesMatching, HubEvent, Outcome } from '#libs/contracts';
import { Connector, Deliver, Plan, plan, type Call, type Planned } from '#libs/connector-kit';
import { CustomerXApi } from './customerx.api.js';
import { toExternalId, toFinancial, type Financial } from './customerx.mapping.js';
import { CustomerXSettings } from './customerx.settings.js';

type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

/** The whole integration: every movement of a title is one call, in order, per title. */
@Injectable()
@Connector({ name: 'customerx', settings: CustomerXSettings })
export class CustomerXConnector {
  constructor(private readonly customerx: CustomerXApi) {}

  @Plan('erp.receivable.*.v1')
  planMovement({ type, subject, data }: Receivable, settings: CustomerXSettings): Planned {
    if (type === 'erp.receivable.deleted.v1') {
      return [plan('financial.delete', { lane: subject, body: { externalId: toExternalId(data) } })];
    }
    return [plan('financial.put', { lane: subject, body: toFinancial(data, settings) })];
  }

  @Deliver('financial.put')
  putFinancial(financial: Financial, call: Call<CustomerXSettings>): Promise<Outcome> {
    return this.customerx.putFinancial(financial, call);
  }

  @Deliver('financial.delete')
  deleteFinancial({ externalId }: { externalId: string }, call: Call<CustomerXSettings>): Promise<Outcome> {
    return this.customerx.deleteFinancial(externalId, call);
  }
}
