import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { batch, BATCHES, FILIAL, LETTERED, SETTLED, TITLE, DepsVisitor } from '../../test/deps-visitor.js';

describe('a batch of receivables at the simulated DEPS', () => {
  let deps: DepsVisitor;

  beforeEach(async () => {
    deps = new DepsVisitor();
    await deps.arrive();
  });

  afterEach(() => deps.leave());

  it('keeps titles by their id, with every movement in order', async () => {
    const opening = batch([TITLE]);
    expect(await deps.call('POST', BATCHES, opening)).toMatchObject({
      status: 202,
      body: { loteId: opening.loteId, recebidos: 1, rejeitados: [] },
    });
    await deps.send([SETTLED, { ...TITLE, movimento: 'ESTORNO_COBRANCA', dataMovimento: '2026-07-02' }]);
    expect(deps.titles()).toMatchObject([
      {
        idExterno: '4711-1',
        documentoCliente: LETTERED,
        movimento: 'ESTORNO_COBRANCA',
        movements: [
          { loteId: opening.loteId, tipoLote: 'DIARIA', movimento: 'LANCAMENTO', valorMovimento: '150.00' },
          { movimento: 'COBRANCA', situacao: 'PAGO', valorAberto: '0.00' },
          { movimento: 'ESTORNO_COBRANCA', situacao: 'ABERTO', dataMovimento: '2026-07-02' },
        ],
      },
    ]);
    expect(deps.titles()[0]!.movements).toHaveLength(3);
  });

  it('that comes again is answered the same, has no second effect and is counted', async () => {
    const sent = batch([TITLE, { ...TITLE, idExterno: 'bad', valor: '-1.00' }]);
    const first = await deps.call('POST', BATCHES, sent);
    await deps.send([SETTLED]);
    expect((await deps.call('POST', BATCHES, sent)).body).toEqual(first.body);
    expect(deps.titles()).toMatchObject([{ situacao: 'PAGO', movements: [{}, {}] }]);
    expect(deps.sandbox.deps.state('demo').accounts[0]!.batches).toMatchObject([
      { loteId: sent.loteId, tipo: 'DIARIA', repeats: 1, recebidos: 1, rejeitados: [{ idExterno: 'bad' }] },
      { repeats: 0 },
    ]);
    expect(effects()).toEqual([
      ['created', ['created', 'none']],
      ['created', ['changed']],
      ['unchanged', ['unchanged', 'none']],
    ]);
  });

  it('that comes again stays as it was answered, though its titles would fare otherwise by now', async () => {
    deps.configure({ refusedTitles: ['4711-1'] });
    const sent = batch([TITLE]);
    const first = await deps.call('POST', BATCHES, sent);
    deps.configure({});
    expect(await deps.call('POST', BATCHES, sent)).toMatchObject({ status: 202, body: first.body });
    expect(deps.titles()).toEqual([]);
  });

  it('with another content under a known id is refused whole', async () => {
    const sent = batch([TITLE]);
    await deps.call('POST', BATCHES, sent);
    expect(await deps.call('POST', BATCHES, { ...sent, titulos: [SETTLED] })).toMatchObject({
      status: 409,
      body: { codigo: 'DEPS-050' },
    });
    expect(deps.titles()).toMatchObject([{ situacao: 'ABERTO' }]);
    deps.token = await deps.login(FILIAL);
    expect((await deps.call('POST', BATCHES, { ...sent, titulos: [SETTLED] })).status).toBe(202);
  });

  it('with a title that is what it was already leaves no second movement', async () => {
    await deps.send([TITLE]);
    await deps.send([TITLE]);
    expect(deps.titles()[0]!.movements).toHaveLength(1);
    expect(effects()).toEqual([
      ['created', ['created']],
      ['created', ['unchanged']],
    ]);
  });

  it.each([
    ['DEPS-010', { documentoCliente: '12.ABC.345/01DE-35' }],
    ['DEPS-010', { documentoCliente: undefined }],
    ['DEPS-051', { valor: '-150.00' }],
    ['DEPS-051', { valorAberto: '150' }],
    ['DEPS-051', { valorMovimento: 150 }],
    ['DEPS-051', { juros: '1,00' }],
    ['DEPS-051', { vencimento: '2026-02-31' }],
    ['DEPS-051', { situacao: 'OPEN' }],
    ['DEPS-051', { movimento: 'BAIXA' }],
    ['DEPS-051', { numero: '' }],
    ['DEPS-052', { idExterno: 'unwanted' }],
  ])('refuses an item by itself, %s for %j, and takes the others', async (codigo, wrong) => {
    deps.configure({ refusedTitles: ['unwanted'] });
    const idExterno = 'wrong-1';
    const answer = await deps.send([{ ...TITLE, idExterno, ...wrong }, SETTLED]);
    const refused = { idExterno: 'idExterno' in wrong ? wrong.idExterno : idExterno, codigo };
    expect(answer).toMatchObject({ status: 202, body: { recebidos: 1, rejeitados: [refused] } });
    if (codigo === 'DEPS-051')
      expect(answer.body).toMatchObject({ rejeitados: [{ mensagem: `título inválido: ${Object.keys(wrong)[0]}` }] });
    expect(deps.titles().map((title) => title.idExterno)).toEqual([SETTLED.idExterno]);
  });

  it('holds five hundred titles at most', async () => {
    const many = Array.from({ length: 500 }, (_, at) => ({ ...TITLE, idExterno: `T${at}` }));
    expect(await deps.send(many)).toMatchObject({ status: 202, body: { recebidos: 500 } });
    expect(await deps.send([...many, TITLE])).toMatchObject({ status: 400, body: { codigo: 'DEPS-050' } });
    expect(deps.titles()).toHaveLength(500);
  });

  it.each([
    ['without an id', { ...batch([TITLE]), loteId: undefined }],
    ['with an id that is no UUID', { ...batch([TITLE]), loteId: 'lote 1' }],
    ['of an unknown type', { ...batch([TITLE]), tipo: 'SEMANAL' }],
    ['without titles', batch([])],
    ['with an item without its id', batch([{ ...TITLE, idExterno: undefined }])],
    ['with an item that is none', { ...batch([]), titulos: ['4711-1'] }],
    ['that is no JSON', '{"broken'],
  ])('%s is refused whole', async (_, malformed) => {
    expect(await deps.call('POST', BATCHES, malformed)).toMatchObject({ status: 400, body: { codigo: 'DEPS-050' } });
    expect([deps.titles(), deps.sandbox.deps.account('demo').batches.size]).toEqual([[], 0]);
  });

  /** Of the batches, each with those of its items. */
  function effects() {
    const batches = deps.sandbox.door.calls.all().filter(({ resource }) => resource === 'receivables-batch');
    return batches.map((logged) => [logged.effect, logged.effects?.map(({ effect }) => effect)]);
  }
});
