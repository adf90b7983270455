import type { Clock } from '#libs/runtime';
import type { ItemEffect } from '../call-log.js';
import { LaggingTable } from '../lagging-table.js';
import type { FaultSwitch } from '../partner-faults.js';
import type { TitleItem } from './title-item.js';

/** A query that was made: each is on the bill and in the history. */
export interface BilledQuery {
  historicoConsultaId: string;
  dataConsulta: string;
  documento: string;
  identificadorProduto: string;
  /** The e-mail of who was logged in. */
  usuario: string;
  codigoCentroCustos: string | null;
  limiteRequisitado: string | null;
  autorizacaoScr: boolean;
}

export interface MadeQuery {
  billed: BilledQuery;
  /** As it was sent, and is sent again to those who reuse it. */
  answer: unknown;
}

export interface Batch {
  loteId: string;
  tipo: string;
  at: string;
  /** As it came: the same again is a repeat, anything else under its id is refused. */
  body: unknown;
  answer: { loteId: string; recebidos: number; rejeitados: { idExterno: string; codigo: string; mensagem: string }[] };
  effects: readonly ItemEffect[];
  /** How many times it came again. */
  repeats: number;
}

/** A title as last told, and everything it was told to be, in order. */
export interface Title extends TitleItem {
  movements: readonly TitleMovement[];
}

export interface TitleMovement extends Pick<
  TitleItem,
  'movimento' | 'dataMovimento' | 'valorMovimento' | 'situacao' | 'valorAberto'
> {
  loteId: string;
  tipoLote: string;
  at: string;
}

/** What one customer of DEPS has there. */
export class DepsAccount {
  readonly queries: LaggingTable<MadeQuery>;
  /** Documents that authorised SCR once. */
  readonly consents = new Set<string>();
  readonly batches = new Map<string, Batch>();
  readonly titles = new Map<string, Title>();
  logins = 0;
  /** Queries answered from the history, which cost nothing. */
  reused = 0;

  constructor(
    readonly name: string,
    clock: Clock,
    faults: FaultSwitch,
  ) {
    this.queries = new LaggingTable(clock, () => faults.readLagMs(name));
  }

  /** For checkers. */
  state() {
    const billed = this.queries.rowsNow().map((query) => query.billed);
    return {
      name: this.name,
      logins: this.logins,
      billing: { count: billed.length, queries: billed },
      reused: this.reused,
      consents: [...this.consents],
      batches: [...this.batches.values()].map(({ loteId, tipo, at, answer, repeats }) => ({
        loteId,
        tipo,
        at,
        repeats,
        recebidos: answer.recebidos,
        rejeitados: answer.rejeitados,
      })),
      titles: [...this.titles.values()],
    };
  }
}
