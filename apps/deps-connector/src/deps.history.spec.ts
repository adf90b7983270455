import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { CONNECTOR_MIGRATIONS, type Call } from '#libs/connector-kit';
import { CREDIT_MIGRATIONS, CreditResults } from '#libs/credit';
import type { PartnerAnswer, PartnerRequest } from '#libs/partner';
import { connectionSettings, migrate } from '#libs/runtime';
import { privateDatabase, type PrivateDatabase } from '#libs/testing';
import { DepsApi } from './deps.api.js';
import { findQuery } from './deps.history.js';
import { DepsSettings } from './deps.settings.js';

const ANALYSES = {
  template: 'deps_analyses',
  migrate: (url: string) => migrate(url, 'deps', [...CONNECTOR_MIGRATIONS, ...CREDIT_MIGRATIONS]),
};
/** An analysis of ours, with the name DEPS gave to its query, if it has. */
const INSERT = `
  insert into credit_analysis (id, integration_id, source, company, document, person_type, product, cost, request_id,
    requested_by, requested_at, state, reference)
  values ($1::uuid, 1, '/erp/demo', '1', '52998224725', 'F', $1::text, 7.50, $1::text, 'ana', now(), $2, $3)`;

let database: PrivateDatabase;
let pool: Pool;
let results: CreditResults;
let analysisId: string;
let asked: PartnerRequest[];

beforeAll(async () => {
  database = await privateDatabase(ANALYSES);
  pool = new Pool(connectionSettings({ url: database.url, schema: 'deps', applicationName: 'deps-history-spec' }));
  // Nothing here is written of an answer, so that nobody has to be told.
  results = new CreditResults({ pool } as ConstructorParameters<typeof CreditResults>[0]);
});
beforeEach(async () => {
  asked = [];
  analysisId = randomUUID();
  await pool.query(INSERT, [analysisId, 'waiting', null]);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const settings = Object.assign(new DepsSettings(), { email: 'Api@Cliente.com.br' });
const OURS = 'api@cliente.com.br';

/** Whether the query is found where DEPS' history answers this. */
function find(body: unknown, status = 200) {
  const taken = { answeredAt: new Date(), durationMs: 1 };
  const answer: PartnerAnswer = { status, headers: {}, contentType: 'application/json', text: '', body, ...taken };
  const request = async (wish: PartnerRequest) => {
    asked.push(wish);
    return answer;
  };
  const call: Call<DepsSettings> = { settings, idempotencyKey: analysisId, request };
  const query = { analysisId, document: '52998224725', product: 'd002e4c6', askedAt: '2026-11-22T12:00:00.000Z' };
  return findQuery(query, { api: new DepsApi(), results, call });
}

const entry = (usuario: string, historicoConsultaId: string = randomUUID()) => ({ historicoConsultaId, usuario });

describe('A query of which no answer came', () => {
  it('is looked for by its document and product, from a little before it was asked: clocks differ', async () => {
    await find([]);
    expect(asked).toMatchObject([
      { query: { documento: '52998224725', identificadorProduto: 'd002e4c6', desde: '2026-11-22T11:58:00.000Z' } },
    ]);
  });

  it('was not made where the history shows none, or only those of other users', async () => {
    expect(await find([])).toEqual({ kind: 'absent' });
    expect(await find([entry('vendas@cliente.com.br')])).toEqual({ kind: 'absent' });
  });

  it('is none that answered another analysis of ours', async () => {
    const known = entry(OURS);
    await pool.query(INSERT, [randomUUID(), 'completed', known.historicoConsultaId]);
    expect(await find([known])).toEqual({ kind: 'absent' });
  });

  it('is a person’s to find where two may be it', async () => {
    expect(await find([entry(OURS), entry(OURS.toUpperCase())])).toMatchObject({ kind: 'ambiguous' });
  });

  it('stays unknown while the history cannot be read', async () => {
    expect(await find(undefined, 503)).toMatchObject({ kind: 'unavailable' });
    expect(await find({ queries: [] })).toMatchObject({ kind: 'unavailable' });
  });
});
