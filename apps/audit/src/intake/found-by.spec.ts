import { describe, expect, it } from '@jest/globals';
import { sampleOf, sampleOutcomeOf } from '#libs/contracts';
import { normaliseDocument, personOf, searchWordsOf } from './found-by.js';

describe('what an event is found by', () => {
  it('is the document, the title and every aggregate of a receivable', () => {
    const { subject, data } = sampleOf('erp.receivable.opened.v1');
    expect(searchWordsOf(subject, data)).toEqual([
      { kind: 'document', value: data.customer.document },
      { kind: 'title', value: data.number },
      { kind: 'subject', value: 'RECEIVABLE/4711-2' },
      { kind: 'subject', value: `CUSTOMER/${data.customer.id}` },
      { kind: 'subject', value: `CONTRACT/${data.contractId}` },
    ]);
  });

  it('is every title of a request that names several', () => {
    const { subject, data } = sampleOf('erp.negativation.requested.v1');
    const values = searchWordsOf(subject, data).map(({ value }) => value);
    for (const { number, receivableId } of data.titles) {
      expect(values).toEqual(expect.arrayContaining([number, `RECEIVABLE/${receivableId}`]));
    }
  });

  it('is, of an outcome, the business keys and the subject of the event behind it', () => {
    const { subject, data } = sampleOutcomeOf('delivery.parked.v1');
    const values = searchWordsOf(subject, data).map(({ value }) => value);
    expect(values).toEqual(['4711', 'DELIVERY/90210', 'RECEIVABLE/4711-2', 'CUSTOMER/8841', 'CONTRACT/2207']);
  });

  it.each([null, 'text', 7, [], { customer: 'nobody', titles: 'none', number: 4, keys: [1] }])(
    'is the subject alone where the data is %j',
    (data) => {
      expect(searchWordsOf('receivable/1', data)).toEqual([{ kind: 'subject', value: 'RECEIVABLE/1' }]);
      expect(personOf(data)).toBeUndefined();
    },
  );
});

describe('a document', () => {
  it.each([
    ['529.982.247-25', '52998224725'],
    ['12.abc.345/01de-35', '12ABC34501DE35'],
    [' 12 ABC 345 01DE 35 ', '12ABC34501DE35'],
  ])('written %s is %s: punctuation goes, letters stay', (written, normalised) => {
    expect(normaliseDocument(written)).toBe(normalised);
  });
});

describe('the person an event is about', () => {
  it('is the customer of a title, the customer itself, and whom an outcome names by id', () => {
    const title = sampleOf('erp.receivable.opened.v1').data.customer;
    const customer = sampleOf('erp.customer.registered.v1').data;
    expect(personOf({ customer: title })).toEqual({ document: title.document, customerId: title.id });
    expect(personOf(customer)).toEqual({ document: customer.document, customerId: customer.customerId });
    expect(personOf(sampleOutcomeOf('delivery.delivered.v1').data)).toEqual({ customerId: '8841' });
  });

  it('is whom a token stands for, where an outcome names no customer', () => {
    const { data } = sampleOutcomeOf('credit-analysis.viewed.v1');
    expect(personOf(data)).toEqual({ token: data.personToken });
  });

  it('is nobody where a company, a branch or a run is told of', () => {
    expect(personOf(sampleOf('erp.branch.changed.v1').data)).toBeUndefined();
    expect(personOf(sampleOutcomeOf('run.finished.v1').data)).toBeUndefined();
  });
});
