import { Injectable } from '@nestjs/common';
import type { Outcome } from '#libs/contracts';
import type { BatchCall, Call, LoginAnswer } from '#libs/connector-kit';
import { readBatch, readLogin } from './deps.answers.js';
import type { DepsTitle } from './deps.mapping.js';
import type { DepsSettings } from './deps.settings.js';

/** First of all, day by day, or before somebody asks about the customer. */
export type BatchKind = 'INICIAL' | 'DIARIA' | 'CONSULTA';

/** DEPS' REST API, one method per call. */
@Injectable()
export class DepsApi {
  async logIn({ settings: { email, password }, request }: Call<DepsSettings>): Promise<LoginAnswer> {
    const body = { email, senha: password.reveal() };
    const login = { method: 'POST', path: '/api/v3/conta/entrar', body } as const;
    return readLogin(await request(login, { changesNothing: true }));
  }

  /** The same batch again is answered the same, and changes nothing. */
  async putTitles(kind: BatchKind, titles: DepsTitle[], call: BatchCall<DepsSettings>): Promise<Outcome | Outcome[]> {
    const body = { loteId: call.batchId, tipo: kind, titulos: titles };
    return readBatch(await call.request({ method: 'POST', path: '/api/v3/contas-receber/lotes', body }), titles);
  }
}
