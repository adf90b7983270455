import { Injectable } from '@nestjs/common';
import { IsIn } from 'class-validator';
import type { EventTypesMatching, HubEvent, Outcome } from '#libs/contracts';
import { delivered } from '#libs/contracts';
import { readCommon } from '#libs/partner';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';
import { Connector, Deliver, nothing, PartnerSettings, Plan, plan, type Call, type Planned } from '../src/index.js';

/** A partner that exists in these specs only. */
export class ShopSettings extends PartnerSettings {
  @Setting({ label: { pt: 'Token da loja', en: 'Token of the shop' }, secret: true })
  token!: Secret;

  /** `broken` makes its plans throw, `lost` plans what nobody delivers. */
  @IsIn(['good', 'broken', 'lost'])
  @Setting({ label: { pt: 'Prateleira', en: 'Shelf' } })
  shelf: string = 'good';
}

export interface Title {
  id: string;
  document?: string;
}

type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

@Injectable()
@Connector({ name: 'shop', settings: ShopSettings })
export class ShopConnector {
  @Plan('erp.receivable.*.v1')
  planTitle({ type, subject, data }: Receivable, { shelf }: ShopSettings): Planned {
    if (shelf === 'broken') throw new Error('the shelf fell down');
    if (type === 'erp.receivable.deleted.v1') return nothing('the shop keeps what was deleted');
    return [plan(shelf === 'lost' ? 'title.lose' : 'title.put', { lane: subject, body: { id: data.receivableId } })];
  }

  @Deliver('title.put')
  async putTitle(title: Title, call: Call<ShopSettings>): Promise<Outcome> {
    const headers = { authorization: `Bearer ${call.settings.token.reveal()}` };
    const answer = await call.request({
      method: 'PUT',
      path: '/titles/{id}',
      params: { id: title.id },
      headers,
      body: title,
    });
    return readCommon(answer) ?? delivered(title.id);
  }
}
