import { Injectable } from '@nestjs/common';
import type { Outcome } from '#libs/contracts';
import type { BatchCall, Call, LoginAnswer } from '#libs/connector-kit';
import type { PartnerAnswer } from '#libs/partner';
import { readBatch, readLogin } from './deps.answers.js';
import type { Query } from './deps.credit.js';
import type { DepsTitle } from './deps.mapping.js';
import type { DepsSettings } from './deps.settings.js';

/** First of all, day by day, or before somebody asks about the customer. */
export type BatchKind = 'INICIAL' | 'DIARIA' | 'CONSULTA';

type DepsCall = Call<DepsSettings>;

interface HistoryWish {
  document: string;
  product: string;
  since: Date;
}

const HISTORY = '/api/v3/consultas/historico';

/** DEPS' REST API, one method per call. */
@Injectable()
export class DepsApi {
  async logIn({ settings: { email, password }, request }: DepsCall): Promise<LoginAnswer> {
    const body = { email, senha: password.reveal() };
    const login = { method: 'POST', path: '/api/v3/conta/entrar', body } as const;
    return readLogin(await request(login, { changesNothing: true }));
  }

  /** The same batch again is answered the same, and changes nothing. */
  async putTitles(kind: BatchKind, titles: DepsTitle[], call: BatchCall<DepsSettings>): Promise<Outcome | Outcome[]> {
    const body = { loteId: call.batchId, tipo: kind, titulos: titles };
    return readBatch(await call.request({ method: 'POST', path: '/api/v3/contas-receber/lotes', body }), titles);
  }

  /** A new one, which is charged. */
  query({ document, product }: Query, { settings: { costCentre }, request }: DepsCall): Promise<PartnerAnswer> {
    const body = {
      documento: document,
      identificadorProduto: product,
      reutilizarDadosExistentes: false,
      autorizacaoScr: false,
      ...(costCentre !== undefined && { codigoCentroCustos: costCentre }),
    };
    return request({ method: 'POST', path: '/api/v3/consultas/depsmix', body });
  }

  /** The queries of a document and product since an instant, newest first. */
  listHistory({ document, product, since }: HistoryWish, { request }: DepsCall): Promise<PartnerAnswer> {
    const query = { documento: document, identificadorProduto: product, desde: since.toISOString() };
    return request({ method: 'GET', path: HISTORY, query });
  }

  /** The answer of an earlier query, as it was given. */
  showHistory(id: string, { request }: DepsCall): Promise<PartnerAnswer> {
    return request({ method: 'GET', path: `${HISTORY}/{id}`, params: { id } });
  }
}
