import { describe, expect, it } from '@jest/globals';
import { IsInt } from 'class-validator';
import {
  absent,
  delivered,
  type HubEvent,
  type Outcome,
  type ReceivableChanged,
  type Verification,
} from '#libs/contracts';
import type { Secret } from '#libs/runtime';
import { Setting, type SettingsClass } from '#libs/settings';
import { connectorConformance } from './connector-conformance.js';
import type { ConnectionVerdict } from './call.js';
import {
  Check,
  Connector,
  definitionOf,
  Deliver,
  Load,
  nothing,
  Plan,
  plan,
  Verify,
  type Planned,
} from './definition.js';
import { BureauConnector, BureauSettings } from '../test/bureau.js';
import { ShopConnector, ShopSettings } from '../test/shop-connector.js';

const SHOP = { name: 'shop', settings: ShopSettings };
const MINIMUM = { settings: { baseUrl: 'https://shop.example', token: 'a token' } };

/** What the compiler refuses; each line must stay refused, or the type check fails on its comment. */
class Refused {
  // @ts-expect-error a misspelt pattern names no event
  @Plan('erp.recievable.*.v1')
  misspelt(): Planned {
    return [];
  }

  // @ts-expect-error a title's plan cannot take a contract
  @Plan('erp.receivable.opened.v1')
  wrongPayload(_event: HubEvent<'erp.contract.signed.v1'>): Planned {
    return [];
  }

  // @ts-expect-error what delivers answers an outcome
  @Deliver('title.put')
  async noOutcome(): Promise<string> {
    return 'done';
  }

  /** A star is accepted, and gives every type it names. */
  @Plan('erp.receivable.*.v1')
  wildcard(event: HubEvent<'erp.receivable.opened.v1' | 'erp.receivable.settled.v1' | AnyOtherReceivable>): Planned {
    return [plan('title.put', { lane: event.data.receivableId, body: {} })];
  }
}
type AnyOtherReceivable =
  `erp.receivable.${'adjusted' | 'canceled' | 'deleted' | 'settlement-reversed' | 'snapshot'}.v1`;

describe('a connector class', () => {
  it('says its queue, its operations and its bindings by its decorators alone', () => {
    const definition = definitionOf(ShopConnector);
    const bindings = ['erp.receivable.#', 'ponte.backfill.#'];
    expect(definition).toMatchObject({ name: 'shop', app: 'shop-connector', bindings, load: 'planAsItStands' });
    expect([...definition.delivers.keys()]).toEqual(['title.put']);
  });

  it('binds each aggregate once, whatever it plans of it', () => {
    @Connector(SHOP)
    class Two extends ShopConnector {
      @Plan('erp.receivable.settled.v1')
      @Plan('erp.contract.*.v1')
      planMore(): Planned {
        return nothing('never');
      }
    }
    expect(definitionOf(Two).bindings).toEqual(['erp.receivable.#', 'erp.contract.#', 'ponte.backfill.#']);
  });

  class Bare {}
  @Connector(SHOP)
  class PlansNothing {}
  @Connector(SHOP)
  class DeliversNothing {
    @Plan('erp.receivable.*.v1')
    plan(): Planned {
      return nothing('never');
    }
  }
  @Connector(SHOP)
  class Twice extends DeliversNothing {
    @Deliver('title.put')
    async one(): Promise<Outcome> {
      return delivered();
    }
    @Deliver('title.put')
    async other(): Promise<Outcome> {
      return delivered();
    }
  }
  @Connector(SHOP)
  class Ungrouped extends ShopConnector {
    @Deliver('title.track', { group: 'tracker' })
    async track(): Promise<Outcome> {
      return delivered();
    }
  }
  @Connector(SHOP)
  class LoadsTwice extends ShopConnector {
    @Load()
    again(): Planned {
      return nothing('never');
    }
  }
  @Connector(SHOP)
  class Misspelt extends Refused {}
  @Connector({ ...SHOP, name: 'My Shop' })
  class BadName extends DeliversNothing {}

  const PAID = { effect: 'paid', group: 'bureau' } as const;
  const GROUPS = { groups: { bureau: () => ({}) } };
  @Connector({ ...SHOP, ...GROUPS })
  class Unverified extends ShopConnector {
    @Deliver('analysis.buy', PAID)
    async buy(): Promise<Outcome> {
      return delivered();
    }
  }
  @Connector({ ...SHOP, ...GROUPS })
  class Unprobed extends Unverified {
    @Verify('analysis.buy', { settlesWithinMs: 60_000 })
    async find(): Promise<Verification> {
      return absent();
    }
  }
  @Connector({ ...SHOP, ...GROUPS })
  class Uncapped extends Unprobed {
    @Check('bureau')
    async check(): Promise<ConnectionVerdict> {
      return { ok: true };
    }
  }
  @Connector(SHOP)
  class VerifiesForNothing extends ShopConnector {
    @Verify('title.put', { settlesWithinMs: 60_000 })
    async find(): Promise<Verification> {
      return absent();
    }
  }
  @Connector(SHOP)
  class VerifiesNothing extends ShopConnector {
    @Verify('analysis.sell', { settlesWithinMs: 60_000 })
    async find(): Promise<Verification> {
      return absent();
    }
  }

  @Connector({ ...SHOP, groups: { many: () => ({}) } })
  class Batched extends ShopConnector {
    @Deliver('title.send', { batch: 500, group: 'many' })
    async send(titles: object[]): Promise<Outcome[]> {
      return titles.map(() => delivered());
    }
  }
  @Connector({ ...SHOP, groups: { many: () => ({}) } })
  class Mixed extends Batched {
    @Deliver('title.drop', { group: 'many' })
    async drop(): Promise<Outcome> {
      return delivered();
    }
  }
  @Connector({ ...SHOP, groups: { many: () => ({}) } })
  class PaidInBatches extends ShopConnector {
    @Deliver('analysis.buy', { batch: 10, group: 'many', effect: 'paid' })
    async buy(): Promise<Outcome> {
      return delivered();
    }
  }

  class Undecided {
    @IsInt()
    @Setting({ label: { pt: 'Dias', en: 'Days' } })
    days!: number;
  }
  class Telling {
    @Setting({ label: { pt: 'Senha', en: 'Password' }, secret: true })
    password!: Secret;
  }
  const switchedBy = (systemSettings: SettingsClass) => ({
    systemParameter: { code: '900', label: { pt: 'Usa', en: 'Uses' }, settings: systemSettings },
  });
  @Connector({ ...SHOP, ...switchedBy(Undecided) })
  class WithoutDefault extends ShopConnector {}
  @Connector({ ...SHOP, ...switchedBy(Telling) })
  class WithSecret extends ShopConnector {}

  it('says how many go in one call, and from when in the day its windows are counted', () => {
    expect(definitionOf(Batched).batchSizes).toEqual(new Map([['many', 500]]));
    @Connector({ ...SHOP, windowsFrom: '01:30' })
    class Early extends ShopConnector {}
    expect(definitionOf(Early).windowsFromSeconds).toBe(5_400);
  });

  it('says how many days back the first load holds what was settled, where it holds any', () => {
    @Connector(SHOP)
    class Lately extends DeliversNothing {
      @Deliver('title.put')
      async put(): Promise<Outcome> {
        return delivered();
      }
      @Load({ settledWithinDays: 30 })
      planAsItStands(): Planned {
        return nothing('never');
      }
    }
    expect(definitionOf(Lately).loadSettledDays).toBe(30);
    expect(definitionOf(ShopConnector).loadSettledDays).toBeUndefined();
  });

  it.each([
    [Bare, 'write @Connector({ name, settings }) above it'],
    [PlansNothing, "write @Plan('erp.….v1') above a method"],
    [DeliversNothing, "write @Deliver('<operation>') above a method"],
    [Twice, 'one @Deliver for each'],
    [Ungrouped, 'write it under groups'],
    [LoadsTwice, 'two @Load()'],
    [Misspelt, 'plans "erp.recievable.*.v1", which names no event of the catalogue'],
    [BadName, 'write a name of small letters'],
    [Unverified, "write @Verify('analysis.buy', { settlesWithinMs })"],
    [Unprobed, "so no call of it probes: write @Check('bureau')"],
    [Uncapped, 'write class ShopSettings extends SpendSettings'],
    [VerifiesForNothing, 'which is neither paid nor irreversible'],
    [Mixed, 'give it a group of its own'],
    [PaidInBatches, 'what is paid goes alone'],
    [VerifiesNothing, 'verifies "analysis.sell", which nothing delivers'],
    [WithoutDefault, 'write "days = …"'],
    [WithSecret, "write it in the integration's settings"],
  ])('is refused at the start with the line to write: %p', (connector, line) => {
    expect(() => definitionOf(connector)).toThrow(line);
  });
});

describe('the conformance of a connector', () => {
  it('has nothing to say of one that keeps its promises', () => {
    expect(connectorConformance(ShopConnector, MINIMUM)).toEqual([]);
  });

  it.each<[string, string, (event: HubEvent) => Planned]>([
    ['changes the event', 'changes what it is given', (event) => ((event.subject = 'x'), nothing('no'))],
    ['answers by chance', 'gives two answers', () => [plan('title.put', { lane: 'a', body: { by: Math.random() } })]],
    [
      'plans what nobody delivers',
      'nothing delivers "title.lose"',
      () => [plan('title.lose', { lane: 'a', body: {} })],
    ],
    ['has an empty lane', 'not 0', () => [plan('title.put', { lane: '', body: {} })]],
    ['has a lane too long', 'not 201', () => [plan('title.put', { lane: 'x'.repeat(201), body: {} })]],
    [
      'loses a date in JSON',
      'does not survive JSON',
      () => [plan('title.put', { lane: 'a', body: { at: new Date(0) } })],
    ],
    ['throws', 'it throws', (event) => [plan(event.type, JSON.parse('{'))]],
    ['answers nothing', 'does not say why', () => undefined as never],
  ])('tells of one that %s', (_what, sentence, planned) => {
    @Connector(SHOP)
    class Broken extends ShopConnector {
      override planTitle(event: HubEvent): Planned {
        return planned(event);
      }
    }
    expect(connectorConformance(Broken, MINIMUM).join('\n')).toContain(sentence);
  });

  it.each<[string, string, object]>([
    ['has no permanent key', 'plan it with an operationKey', { cost: '7.50' }],
    ['has no cost', 'is paid: plan it with its cost', { operationKey: 'a1' }],
    ['costs what is no money', 'is no money: 7.5', { operationKey: 'a1', cost: '7.5' }],
  ])('tells of a paid operation that %s', (_what, sentence, more) => {
    @Connector({ name: 'shop', settings: BureauSettings, groups: { bureau: () => ({}), removal: () => ({}) } })
    class Broken extends BureauConnector {
      override planNothing(): Planned {
        return [plan('analysis.buy', { lane: 'a1', body: {}, ...more })];
      }
    }
    expect(connectorConformance(Broken, { settings: { baseUrl: 'https://bureau.example' } }).join('\n')).toContain(
      sentence,
    );
  });

  it('tells of a permanent key on what may be repeated', () => {
    @Connector(SHOP)
    class Broken extends ShopConnector {
      override planTitle(): Planned {
        return [plan('title.put', { lane: 'a', body: {}, operationKey: 'a1' })];
      }
    }
    expect(connectorConformance(Broken, MINIMUM).join('\n')).toContain('has an operationKey: write effect');
  });

  it.each<[string, string, (title: ReceivableChanged) => Planned]>([
    ['throws', 'it throws', () => [plan('title.put', JSON.parse('{'))]],
    [
      'plans what nobody delivers',
      'nothing delivers "title.lose"',
      () => [plan('title.lose', { lane: 'a', body: {} })],
    ],
    ['changes the title', 'changes what it is given', (title) => ((title.number = 'x'), nothing('no'))],
  ])('tells of one whose load %s', (_what, sentence, planned) => {
    @Connector(SHOP)
    class Broken extends ShopConnector {
      override planAsItStands(title: ReceivableChanged): Planned {
        return planned(title);
      }
    }
    expect(connectorConformance(Broken, MINIMUM).join('\n')).toContain(sentence);
  });

  it('tells of settings without words, secrets without a mark, and a minimum that is none', () => {
    class Careless extends ShopSettings {
      senha?: string;
    }
    const { settings } = MINIMUM;
    describeAs(Careless, 'senha');
    @Connector({ ...SHOP, settings: Careless })
    class CarelessConnector extends ShopConnector {}
    const told = connectorConformance(CarelessConnector, { settings: { ...settings, shelf: 'none' } }).join('\n');
    expect(told).toContain('senha needs a label');
    expect(told).toContain('senha looks like a secret');
    expect(told).toContain('the minimal settings are not valid');
  });
});

function describeAs(cls: { prototype: object }, name: string): void {
  Setting({ label: { pt: 'Senha', en: '' } })(cls.prototype, name);
}
