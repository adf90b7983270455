import { request } from 'node:http';
import fc from 'fast-check';

interface Parameter {
  name: string;
  in: 'path' | 'query';
}

interface Operation {
  parameters?: Parameter[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

type Schema = {
  $ref?: string;
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: unknown[];
};

export interface ApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export interface FuzzedRoute {
  /** `GET /deliveries/{position}` */
  name: string;
  requests: fc.Arbitrary<FuzzedRequest>;
}

export interface FuzzedRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
}

export interface FuzzedAnswer {
  status: number;
  contentType: string;
  text: string;
}

/** What has broken parsers, casts and statements before. */
export const NASTY_TEXTS = [
  ...['', ' ', '0', '-1', '1', '2', '999999999999999999', '9223372036854775808', '1e400', '9007199254740993', 'NaN'],
  ...['null', 'undefined', 'true', '[]', '{}', "'", '"', "'; drop table delivery; --", '$1', '%', '_', '\\', '\u0000'],
  ...[
    'a\u0000b',
    '\ud800',
    '\u202e',
    '..',
    '../../etc/passwd',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    '2026-02-30',
    '2026-11-22T10:00:00Z',
    '+275760-09-13T00:00:00Z',
    '-000001-01-01T00:00:00Z',
    '0000-00-00',
    '24:00',
  ],
  ...['10000-01-01T00:00:00Z', '-271821-04-20T00:00:00.000Z', '1582-10-10', 'infinity', '-infinity', 'epoch', 'now()'],
  ...['52998224725', '11.222.333/0001-81', '/erp/demo', 'receivable/1', 'a'.repeat(300), 'é'.repeat(5_000), '${7*7}'],
  ...['W10', 'W251bGxd', 'WyIxIl0', 'WyI5OTk5OTk5OTk5OTk5OTk5OTkiXQ', 'WyIyMDI2LTAyLTMwVDAwOjAwOjAwWiIsIjEiXQ', '🙂'],
];

const text = fc.oneof(fc.constantFrom(...NASTY_TEXTS), fc.string({ maxLength: 30 }), fc.string({ unit: 'binary' }));
const anything = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, true, 0, -1, 1, 2 ** 53, 1.5, 1e308, -0, [], {}, [[[[]]]], [null], ''),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Every route of an app with requests that nearly are what it asks for, and with others. */
export function routesToFuzz(document: ApiDocument, known: readonly string[]): FuzzedRoute[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      requests: requestsOf(document, method.toUpperCase(), path, operation, known),
    })),
  );
}

function requestsOf(
  document: ApiDocument,
  method: string,
  path: string,
  { parameters = [], requestBody }: Operation,
  known: readonly string[],
): fc.Arbitrary<FuzzedRequest> {
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  const inQuery = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const segment = fc.oneof({ weight: 2, arbitrary: fc.constantFrom('1', ...known) }, { weight: 3, arbitrary: text });
  const schema = requestBody?.content['application/json']?.schema;
  return fc
    .record({
      path: fc.tuple(...inPath.map(() => segment)),
      query: queries(inQuery),
      payload: payloads(schema && bodiesOf(document, schema)),
    })
    .map((drawn) => ({
      method,
      path:
        inPath.reduce((so, name, at) => so.replace(`{${name}}`, () => encoded(drawn.path[at]!)), path) + drawn.query,
      ...(method === 'GET' || method === 'DELETE' ? { headers: {} } : drawn.payload),
    }));
}

/** The names the route knows, with values it does not expect; repeated, nested, unknown ones too. */
function queries(names: readonly string[]): fc.Arbitrary<string> {
  const known = names.length > 0 ? fc.constantFrom(...names) : fc.constant('limit');
  const name = fc.oneof(
    { weight: 6, arbitrary: known },
    known.map((one) => `${one}[]`),
    known.map((one) => `${one}[__proto__][x]`),
    fc.constantFrom('__proto__', 'constructor', 'x'),
  );
  const pair = fc.tuple(name, text).map(([one, value]) => `${encoded(one)}=${encoded(value)}`);
  const malformed = fc.constantFrom('%', '%zz=%ff', '&&==', `${'a'.repeat(2_000)}=1`, 'limit=1&limit=2', '%ed%a0%80=1');
  return fc
    .array(fc.oneof({ weight: 9, arbitrary: pair }, malformed), { maxLength: 4 })
    .map((pairs) => (pairs.length > 0 ? `?${pairs.join('&')}` : ''));
}

function encoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

type Payload = Pick<FuzzedRequest, 'headers' | 'body'>;

function payloads(bodies: fc.Arbitrary<unknown> | undefined): fc.Arbitrary<Payload> {
  const json = (value: unknown): Payload => ({
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value) ?? '',
  });
  const raw = fc.record({
    headers: fc
      .constantFrom('application/json', 'application/json; charset=utf-16', 'text/plain', 'application/xml', '')
      .map((type) => ({ 'content-type': type })),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom('{', '[', '"', '\uFEFF{}', '{"a":1}{"b":2}', '{"__proto__":{"x":1}}', '1e400', 'null', '""'),
      fc.constant(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
      fc.constant(`{"reason":"${'x'.repeat(200_000)}"}`),
    ),
  });
  return fc.oneof(
    { weight: 6, arbitrary: (bodies ?? anything).map(json) },
    { weight: 2, arbitrary: anything.map(json) },
    { weight: 1, arbitrary: raw },
  );
}

/** An object of the names the schema has: some left out, some right, some anything. */
function bodiesOf(document: ApiDocument, schema: Schema, depth = 0): fc.Arbitrary<unknown> {
  const shape = schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!]! : schema;
  const right = rightValues(document, shape, depth);
  return fc.oneof({ weight: 4, arbitrary: right }, anything);
}

function rightValues(document: ApiDocument, shape: Schema, depth: number): fc.Arbitrary<unknown> {
  if (depth > 4) return anything;
  if (shape.enum) return fc.constantFrom(...shape.enum);
  if (shape.properties) {
    const fields = Object.entries(shape.properties).map(([name, field]) => [
      name,
      bodiesOf(document, field, depth + 1),
    ]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys: [] });
  }
  if (shape.type === 'array') return fc.array(bodiesOf(document, shape.items ?? {}, depth + 1), { maxLength: 3 });
  if (shape.type === 'boolean') return fc.boolean();
  if (shape.type === 'integer' || shape.type === 'number') return fc.constantFrom(0, 1, 5, 60);
  if (shape.type === 'object') return fc.dictionary(fc.constantFrom('baseUrl', 'token', '__proto__', 'x'), anything);
  return fc.constantFrom(
    '/erp/demo',
    '1',
    '01',
    'erp.receivable.opened.v1',
    '2026-11-22T10:00:00Z',
    'because',
    ...NASTY_TEXTS,
  );
}

/** node:http rather than fetch, which mends what a hostile client would send. */
export function send(
  origin: string,
  { method, path, headers, body }: FuzzedRequest,
  token: string,
): Promise<FuzzedAnswer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const all = { authorization: `Bearer ${token}`, ...headers, ...length };
    const call = request(`${origin}${path}`, { method, headers: all, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const contentType = response.headers['content-type'] ?? '';
        resolve({ status: response.statusCode!, contentType, text: Buffer.concat(chunks).toString() });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** What an answer shows of our inside: stacks, files, statements, the driver's words. */
const INSIDE =
  /\n\s+at |\/(libs|apps|node_modules)\/|\.[jt]s:\d|select .{1,80} from |insert into |syntax error|invalid input syntax|violates|relation "|column "|out of range for type|invalid byte sequence|QueryFailed|TypeError|Cannot read prop|is not a function/i;

/** @returns what is wrong with an answer to a request that nobody should send; undefined when all is well */
export function complaintAbout({ status, contentType, text: said }: FuzzedAnswer): string | undefined {
  if (status >= 500) return `HTTP ${status}: ${said.slice(0, 300)}`;
  if (status < 400) return undefined;
  if (contentType !== 'application/problem+json') return `HTTP ${status} is ${contentType}: ${said.slice(0, 300)}`;
  const { detail, title, errors } = JSON.parse(said) as Record<string, unknown>;
  const shown = INSIDE.exec(`${String(title)}\n${String(detail)}\n${JSON.stringify(errors)}`);
  return shown ? `shows "${shown[0]}": ${said.slice(0, 300)}` : undefined;
}
