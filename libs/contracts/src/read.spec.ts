import { describe, expect, it } from '@jest/globals';
import { MAX_EVENT_BYTES } from './envelope.js';
import { MAX_DEPTH } from './json.js';
import { readEvent, readOutcomeEvent, type ReadOptions } from './read.js';
import { sampleOutcomeOf } from './sample-outcomes.js';
import { sampleOf } from './samples.js';

const STRUCTURED = { contentType: 'application/cloudevents+json; charset=utf-8' };
const OPENED = sampleOf('erp.receivable.opened.v1');

const readText = (text: string, options?: ReadOptions) => readEvent(Buffer.from(text), STRUCTURED, options);
const read = (event: unknown, options?: ReadOptions) => readText(JSON.stringify(event), options);
const withData = (change: object) => ({ ...OPENED, data: { ...OPENED.data, ...change } });
const personWith = (change: object) => ({ id: '8841', personType: 'F', name: 'Marina', ...change });
const without = (name: string) => Object.fromEntries(Object.entries(OPENED).filter(([key]) => key !== name));

describe('an event that is right', () => {
  it('arrives with its attributes and data', () => {
    expect(read(OPENED)).toEqual({ kind: 'event', event: OPENED });
  });

  it('is read without its content type, which some clients forget, and behind a byte order mark', () => {
    const body = Buffer.from(`\uFEFF${JSON.stringify(OPENED)}`);
    expect(readEvent(body, {})).toEqual({ kind: 'event', event: OPENED });
  });

  it('may say null or nothing where a field is optional: both arrive as absent', () => {
    const sent = withData({ contractId: null, customer: { ...OPENED.data.customer, email: '', phone: null } });
    const { contractId: _, ...data } = OPENED.data;
    const { email: _email, phone: _phone, ...customer } = OPENED.data.customer;
    expect(read({ ...sent, branch: null, actor: '', partitionkey: null })).toStrictEqual({
      kind: 'event',
      event: expect.objectContaining({
        branch: undefined,
        actor: undefined,
        partitionkey: undefined,
        data: { ...data, customer },
      }),
    });
  });

  it('has its id in lower case, so that one event is never two', () => {
    expect(read({ ...OPENED, id: OPENED.id.toUpperCase() })).toEqual({ kind: 'event', event: OPENED });
  });

  it('keeps fields a newer ERP added to its data', () => {
    expect(read(withData({ addedLater: { deep: [1, 'two'] } }))).toMatchObject({
      kind: 'event',
      event: { data: { addedLater: { deep: [1, 'two'] } } },
    });
  });

  it('takes its sequence as text or as an exact number', () => {
    expect(read({ ...OPENED, sequence: 17 })).toMatchObject({ kind: 'event', event: { sequence: '17' } });
    expect(read({ ...OPENED, sequence: 2 ** 53 })).toMatchObject({ kind: 'invalid' });
  });

  it('loses a broken trace and not itself', () => {
    const broken = { ...OPENED, traceparent: 'garbage', tracestate: 'a=1' };
    const result = read(broken);
    expect(result).toMatchObject({ kind: 'event' });
    expect(result).not.toHaveProperty('event.traceparent', 'garbage');
    expect(result).not.toHaveProperty('event.tracestate', 'a=1');
  });

  it('brings nothing but the attributes Ponte knows', () => {
    const read1 = readText(JSON.stringify(OPENED).replace('{', '{"__proto__":{"polluted":true},"somethingelse":1,'));
    expect(read1).toEqual({ kind: 'event', event: OPENED });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('an event of an unknown type', () => {
  it.each(['erp.receivable.opened.v2', 'erp.receivable.forgiven.v1'])(
    '%s of a known aggregate keeps its data',
    (type) => {
      expect(read({ ...OPENED, type })).toMatchObject({ kind: 'unknown-type', envelope: { type, data: OPENED.data } });
    },
  );

  it('is known to be about its key even where the aggregate is new', () => {
    const result = read({ ...OPENED, type: 'erp.lead.converted.v1', subject: 'lead/9', data: { any: null } });
    expect(result).toMatchObject({ kind: 'unknown-type', envelope: { subject: 'lead/9', data: { any: null } } });
  });

  it('is invalid where its envelope is wrong', () => {
    expect(read({ ...OPENED, type: 'erp.receivable.opened.v2', time: 'yesterday' })).toMatchObject({ kind: 'invalid' });
  });
});

describe('an event that is invalid holds its key', () => {
  const key = { source: '/erp/demo', company: '1', subject: 'receivable/4711-2' };

  it.each([
    ['specversion', '0.3', /^\/specversion must be one of 1\.0/],
    ['time', '2026-06-10T09:02:11', /^\/time must be an RFC 3339 instant with offset/],
    ['type', 'Receivable opened', /^\/type must be <origin>/],
    ['branch', '3|4', /^\/branch must be the branch code/],
    ['actor', 'x'.repeat(121), /^\/actor must be/],
    ['actor', 'rui\u0000', /^\/actor must be/],
    ['sequence', '-1', /^\/sequence must be/],
    ['sequence', '9999999999999999999', /^\/sequence must be/],
    ['datacontenttype', 'text/xml', /^\/datacontenttype must be application\/json/],
    ['dataschema', 'has space', /^\/dataschema must be/],
    ['data_base64', 'e30=', /^\/data_base64 is not taken/],
  ])('with a wrong %s: %j', (name, value, problem) => {
    const result = read({ ...OPENED, [name]: value });
    expect(result).toMatchObject({ kind: 'invalid', envelope: key, problems: [expect.stringMatching(problem)] });
  });

  it('with the wrong attribute left out and the right ones kept', () => {
    const result = read({ ...OPENED, time: 'x', branch: 7 });
    expect(result).toMatchObject({
      kind: 'invalid',
      envelope: { id: OPENED.id, type: OPENED.type, actor: OPENED.actor },
    });
    expect(result).not.toHaveProperty('envelope.time');
    expect(result).not.toHaveProperty('envelope.branch');
  });

  it('without an id, sequence and time: the same bytes get the same id, other bytes another', () => {
    const idOf = (event: object) => {
      const result = read(event);
      return result.kind === 'invalid' ? result.envelope.id : result.kind;
    };
    const nameless = { ...without('id'), sequence: undefined, time: undefined };
    expect(idOf(nameless)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idOf(nameless)).toBe(idOf(nameless));
    expect(idOf(nameless)).not.toBe(idOf({ ...nameless, actor: 'other' }));
  });

  it.each([
    [{ amount: 1250 }, '/data/amount must be a decimal text with exactly two places, such as 1234.50, not negative'],
    [
      { amount: '1250.0' },
      '/data/amount must be a decimal text with exactly two places, such as 1234.50, not negative',
    ],
    [
      { paidAmount: '-1.00' },
      '/data/paidAmount must be a decimal text with exactly two places, such as 1234.50, not negative',
    ],
    [{ dueDate: '2026-02-30' }, '/data/dueDate must be a date that exists, as YYYY-MM-DD'],
    [{ number: '' }, '/data/number is missing'],
    [{ number: 'x'.repeat(61) }, '/data/number must be a text of 1 to 60 characters'],
    [{ disputed: 'false' }, '/data/disputed must be true or false'],
    [{ status: 'late' }, '/data/status must be one of open, partially-settled, settled, canceled, deleted'],
    [{ settlements: {} }, '/data/settlements must be a list of 0 to 1000 objects'],
    [{ settlements: [null] }, '/data/settlements/0 must be an object'],
    [{ movement: 'entry' }, '/data/movement must be an object'],
    [
      { customer: personWith({ document: '12ABC34501DE35' }) },
      '/data/customer/document must be a valid CPF without punctuation, because personType is F',
    ],
    [
      { customer: personWith({ document: '529.982.247-25' }) },
      '/data/customer/document must be a valid CPF without punctuation, because personType is F',
    ],
    [{ receivableId: '4711-3' }, '/data/receivableId says 4711-3, but /subject says 4711-2'],
    [{ company: '2' }, '/data/company says 2, but /company says 1'],
    [{ branch: '4' }, '/data/branch says 4, but /branch says 3'],
    [{ movement: undefined }, '/data/movement is missing: erp.receivable.opened.v1 tells of a movement'],
    [
      { openAmount: '1250.01' },
      '/data/openAmount says 1250.01, but amount 1250.00 − discount 0.00 + fine 0.00 + interest 0.00 − paid 0.00 is 1250.00',
    ],
    [{ note: 'nul \0 inside' }, '/data/note holds the character U+0000, which the database cannot keep'],
    [{ note: 'half \ud83d' }, '/data/note holds half of a surrogate pair, which the database cannot keep'],
    [{ 'na\0me': 1 }, '/data has a field whose name holds the character U+0000, which the database cannot keep'],
  ])('with data %j: %s', (change, problem) => {
    const result = read(withData(change));
    expect(result).toMatchObject({ kind: 'invalid', envelope: { ...key, id: OPENED.id } });
    expect(result).toHaveProperty('problems', expect.arrayContaining([problem]));
  });

  it('with the data as it came, null and empty included, for the person who must see it', () => {
    const { data } = withData({ contractId: null, amount: 'x' });
    expect(read({ ...OPENED, data })).toHaveProperty('envelope.data', data);
  });

  it('with a field named __proto__ anywhere in its data', () => {
    const text = JSON.stringify(OPENED).replace(
      '"disputed":false',
      '"disputed":false,"x":[{"__proto__":{"polluted":1}}]',
    );
    expect(readText(text)).toMatchObject({ kind: 'invalid', problems: ['/data/x/0 has a field named __proto__'] });
  });

  it('with a number no double can hold', () => {
    const text = JSON.stringify(OPENED).replace('"disputed":false', '"disputed":false,"x":1e999');
    expect(readText(text)).toMatchObject({ kind: 'invalid', problems: ['/data/x is a number too large to keep'] });
  });

  it('with data nested too deep, and not with data at the limit', () => {
    const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
    expect(read(withData({ x: nested(MAX_DEPTH - 1) }))).toMatchObject({ kind: 'event' });
    expect(read(withData({ x: nested(MAX_DEPTH) }))).toMatchObject({
      kind: 'invalid',
      problems: [expect.stringMatching(/^\/data\/x(\/0)+ is nested deeper than 32 levels$/)],
    });
  });

  it('without data, and with data that is no object', () => {
    expect(read(without('data'))).toMatchObject({ kind: 'invalid', problems: ['/data is missing'] });
    expect(read({ ...OPENED, data: ['x'] })).toMatchObject({ kind: 'invalid', problems: ['/data must be an object'] });
  });

  it('about another aggregate than its type, or from where no ERP is', () => {
    expect(read({ ...OPENED, subject: 'customer/4711-2' })).toMatchObject({
      kind: 'invalid',
      problems: ['/subject says customer, but the type erp.receivable.opened.v1 is about a receivable'],
    });
    expect(read({ ...OPENED, source: '/ponte/customerx' })).toMatchObject({ kind: 'invalid' });
    expect(read({ ...OPENED, company: '-' })).toMatchObject({
      kind: 'invalid',
      problems: ['/company must name a company'],
    });
  });

  it('tells at most twenty problems', () => {
    const settlements = Array.from({ length: 50 }, () => ({ id: 1 }));
    const result = read(withData({ settlements }));
    expect(result).toHaveProperty('problems.length', 20);
  });

  it('and never quotes a person', () => {
    const customer = { id: 'Marina', personType: 'F', document: '52998224724', name: 5, email: { a: 'm@x.example' } };
    const result = JSON.stringify(read(withData({ customer })));
    const { problems } = JSON.parse(result) as { problems: string[] };
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toMatch(/Marina|52998224724|m@x/);
  });
});

describe('an event nobody can place is unreadable', () => {
  it.each([
    ['source', undefined],
    ['source', 'erp/demo'],
    ['source', `/erp/${'x'.repeat(65)}`],
    ['company', undefined],
    ['company', 1],
    ['company', '1|*'],
    ['company', 'x'.repeat(41)],
    ['subject', undefined],
    ['subject', 'receivable'],
    ['subject', 'receivable/'],
    ['subject', 'receivable/ 1'],
    ['subject', `receivable/${'x'.repeat(121)}`],
    ['subject', 'receivable/4711\u0000'],
    ['subject', 'receivable/4711\ud800'],
    ['partitionkey', 5],
    ['partitionkey', 'x'.repeat(201)],
  ])('with %s %j', (name, value) => {
    const reason = expect.stringContaining(`nobody can say whose it is: /${name} `);
    expect(read({ ...OPENED, [name]: value })).toEqual({ kind: 'unreadable', reason });
  });

  it.each([
    ['', 'not valid JSON'],
    ['{"id": 1', 'not valid JSON'],
    ['{"name": Marina}', 'not valid JSON$'],
    ['{"name": "Marina" "Marina"}', 'not valid JSON at character 18$'],
    ['[]', 'not a JSON object'],
    ['"text"', 'not a JSON object'],
    ['null', 'not a JSON object'],
  ])('being %j', (text, reason) => {
    expect(readText(text)).toEqual({ kind: 'unreadable', reason: expect.stringMatching(new RegExp(`^${reason}`)) });
  });

  it('being no UTF-8: guessing would change a name', () => {
    const latin = Buffer.from(JSON.stringify(withData({ note: 'Conceição' })), 'latin1');
    expect(readEvent(latin, STRUCTURED)).toEqual({ kind: 'unreadable', reason: 'not UTF-8 text' });
  });

  it('being larger than a megabyte, and not being exactly that', () => {
    const filled = (bytes: number) => {
      const empty = Buffer.byteLength(JSON.stringify(withData({ note: '' })));
      return readText(JSON.stringify(withData({ note: 'x'.repeat(bytes - empty) })));
    };
    expect(filled(MAX_EVENT_BYTES).kind).toBe('event');
    expect(filled(MAX_EVENT_BYTES + 1)).toEqual({
      kind: 'unreadable',
      reason: `larger than ${MAX_EVENT_BYTES} bytes (${MAX_EVENT_BYTES + 1})`,
    });
  });
});

describe('a source set to warn', () => {
  const warnOnly = new Set(['/erp/demo']);
  const off = withData({ openAmount: '1250.01' });

  it('has its contradictions told and its event taken', () => {
    expect(read(off, { warnOnly })).toEqual({
      kind: 'event',
      event: off,
      warnings: [expect.stringContaining('/data/openAmount says 1250.01')],
    });
  });

  it('is one source and not all', () => {
    expect(read({ ...off, source: '/erp/other' }, { warnOnly }).kind).toBe('invalid');
  });

  it('is still refused what is not a matter of rounding', () => {
    const result = read(withData({ openAmount: '1250.01', movement: undefined }), { warnOnly });
    expect(result.kind).toBe('invalid');
  });
});

describe('an event of ponte.events', () => {
  const delivered = sampleOutcomeOf('delivery.delivered.v1');
  const readOutcome = (event: unknown) => readOutcomeEvent(Buffer.from(JSON.stringify(event)), STRUCTURED);

  it('is read by its own catalogue', () => {
    expect(readOutcome(delivered)).toEqual({ kind: 'outcome', event: delivered });
    expect(readOutcome({ ...delivered, type: 'customerx.delivery.lost.v1' })).toMatchObject({ kind: 'unknown-type' });
    expect(readOutcome({ ...delivered, data: { ...delivered.data, attempts: -1 } })).toMatchObject({ kind: 'invalid' });
  });

  it('comes from Ponte and is no event of an ERP', () => {
    expect(readOutcome({ ...delivered, source: '/erp/demo' })).toMatchObject({ kind: 'invalid' });
    expect(read(delivered)).toMatchObject({ kind: 'invalid' });
  });

  it('may have no company where nothing could be read', () => {
    const { event: _, ...data } = sampleOutcomeOf('event.parked.v1').data;
    const parked = { ...sampleOutcomeOf('event.parked.v1'), company: '-', data: { ...data, kind: 'unreadable' } };
    expect(readOutcome(parked)).toMatchObject({ kind: 'outcome' });
  });
});
