import { randomUUID } from 'node:crypto';
import { request } from 'undici';
import { ManualClock } from '#libs/runtime';
import { DepsSettings } from '../src/deps/deps-settings.js';
import { createDeps, listenAlone } from '../src/partners.js';

export const API = '/deps/api/v3';
export const LOGIN = `${API}/conta/entrar`;
export const QUERY = `${API}/consultas/depsmix`;
export const HISTORY = `${API}/consultas/historico`;
export const BATCHES = `${API}/contas-receber/lotes`;
export const DEMO = { email: 'api@demo.example', senha: 'sandbox-senha' };
export const FILIAL = { email: 'api@filial.example', senha: 'sandbox-senha-filial' };
export const [MIX_PJ, SMART_PJ, MIX_PF, SMART_PF] = ['d057a0f1', 'd031b2e4', 'd012c3d5', 'd002e4c6'] as const;
export const COMPANY = '11222333000181';
export const LETTERED = '12ABC34501DE35';
export const PERSON = '52998224725';
export const TITLE = {
  idExterno: '4711-1',
  documentoCliente: LETTERED,
  numero: '4711',
  parcela: '1',
  tipo: 'TITULO',
  emissao: '2026-06-01',
  vencimento: '2026-07-31',
  vencimentoOriginal: '2026-07-31',
  valor: '150.00',
  valorAberto: '150.00',
  situacao: 'ABERTO',
  movimento: 'LANCAMENTO',
  dataMovimento: '2026-06-01',
  valorMovimento: '150.00',
  juros: '0.00',
  multa: '0.00',
  desconto: '0.00',
};
export const SETTLED = {
  ...TITLE,
  valorAberto: '0.00',
  situacao: 'PAGO',
  movimento: 'COBRANCA',
  dataMovimento: '2026-07-01',
};

export interface Mix {
  historicoConsultaId: string;
  score: { pontuacao: number } | null;
  smart: { situacao: string; limiteSugerido: string } | null;
  contasReceberInterno: { titulos: number; valorAberto: string } | null;
}

/** Somebody at a DEPS of its own, over real HTTP; logged in once, with a clock that moves when told to. */
export class DepsVisitor {
  readonly clock = new ManualClock();
  readonly sandbox = createDeps({ clock: this.clock });
  token = '';
  private server!: Awaited<ReturnType<typeof listenAlone>>;

  async arrive(): Promise<void> {
    this.server = await listenAlone(this.sandbox.door);
    this.token = await this.login();
  }

  leave(): Promise<void> {
    return this.server.close();
  }

  configure(settings: Partial<DepsSettings>): void {
    this.sandbox.deps.settings = Object.assign(new DepsSettings(), settings);
  }

  /** On demo's bill. */
  billed() {
    return this.sandbox.deps.state('demo').accounts[0]!.billing.queries;
  }

  /** Of demo. */
  titles() {
    return [...this.sandbox.deps.account('demo').titles.values()];
  }

  async login(user = DEMO): Promise<string> {
    return ((await this.call('POST', LOGIN, user)).body as [{ access_token: string }])[0].access_token;
  }

  history(query = '') {
    return this.call('GET', HISTORY + query);
  }

  ask(query: object | string, bearer?: string) {
    return this.call('POST', QUERY, query, bearer);
  }

  async mixOf(query: object): Promise<Mix> {
    return ((await this.ask(query)).body as [{ mix: Mix }])[0].mix;
  }

  /** A batch under a new id. */
  send(titulos: object[]) {
    return this.call('POST', BATCHES, batch(titulos));
  }

  async call(method: 'GET' | 'POST', path: string, body?: object | string, bearer = this.token) {
    const answer = await request(this.server.url + path, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      body: typeof body === 'object' ? JSON.stringify(body) : body,
    });
    const text = await answer.body.text();
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return { status: answer.statusCode, headers: answer.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
  }
}

/** A new query about a document, of the Mix for companies unless told. */
export function about(documento: string, wish: object = {}) {
  return { documento, identificadorProduto: MIX_PJ, reutilizarDadosExistentes: false, autorizacaoScr: false, ...wish };
}

export function batch(titulos: object[]) {
  return { loteId: randomUUID(), tipo: 'DIARIA', titulos };
}

export function idsOf({ body }: { body: unknown }): string[] {
  return (body as { historicoConsultaId: string }[]).map(({ historicoConsultaId }) => historicoConsultaId);
}
