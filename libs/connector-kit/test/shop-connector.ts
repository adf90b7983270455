import { Injectable } from '@nestjs/common';
import { IsIn } from 'class-validator';
import type { EventTypesMatching, HubEvent, Outcome, ReceivableChanged } from '#libs/contracts';
import { delivered, refused } from '#libs/contracts';
import { readCommon } from '#libs/partner';
import type { Secret } from '#libs/runtime';
import { Setting } from '#libs/settings';
import {
  Check,
  Connector,
  Deliver,
  Load,
  nothing,
  PartnerSettings,
  Plan,
  plan,
  type Call,
  type Capability,
  type CapabilityWish,
  type ConnectionVerdict,
  type Planned,
} from '../src/index.js';

/** A partner that exists in these specs only. */
export class ShopSettings extends PartnerSettings {
  @Setting({ label: { pt: 'Token da loja', en: 'Token of the shop' }, secret: true })
  token!: Secret;

  /** `broken` makes its plans throw, `lost` plans what nobody delivers. */
  @IsIn(['good', 'broken', 'lost'])
  @Setting({ label: { pt: 'Prateleira', en: 'Shelf' } })
  shelf: string = 'good';

  @IsIn(['one', 'two'])
  @Setting({ label: { pt: 'Corredor', en: 'Aisle' }, resends: true })
  aisle: string = 'one';
}

export interface Title {
  id: string;
  document?: string;
}

type Receivable = HubEvent<EventTypesMatching<'erp.receivable.*.v1'>>;

@Injectable()
@Connector({
  name: 'shop',
  settings: ShopSettings,
  systemParameter: { code: '900', label: { pt: 'Usa a loja', en: 'Uses the shop' } },
})
export class ShopConnector {
  @Plan('erp.receivable.*.v1')
  planTitle({ type, subject, data }: Receivable, { shelf }: ShopSettings): Planned {
    if (shelf === 'broken') throw new Error('the shelf fell down');
    if (type === 'erp.receivable.deleted.v1') return nothing('the shop keeps what was deleted');
    return [plan(shelf === 'lost' ? 'title.lose' : 'title.put', { lane: subject, body: { id: data.receivableId } })];
  }

  @Load()
  planAsItStands({ receivableId, businessUnit, status }: ReceivableChanged): Planned {
    if (businessUnit === 'broken') throw new Error('o título não tem prateleira / the title has no shelf');
    return [plan('title.put', { lane: `receivable/${receivableId}`, body: { id: receivableId, status } })];
  }

  @Check()
  async checkToken(call: Call<ShopSettings>): Promise<ConnectionVerdict> {
    const headers = { authorization: `Bearer ${call.settings.token.reveal()}` };
    const { status } = await call.request({ method: 'GET', path: '/me', headers });
    if (status === 200) return { ok: true };
    return { ok: false, problem: 'credential', detail: { pt: 'O token está errado.', en: 'The token is wrong.' } };
  }

  /** Its window is there while the shop is open. */
  capabilitiesFor({ integration }: CapabilityWish): Capability[] {
    return [{ name: 'shop-window', shown: integration?.state.kind === 'ready', actions: {} }];
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
    if (answer.status === 422) return refused(`HTTP 422: ${answer.text}`);
    return readCommon(answer) ?? delivered(title.id);
  }
}
