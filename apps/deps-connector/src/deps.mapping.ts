import type { Movement, MovementKind, ReceivableChanged, ReceivableStatus } from '#libs/contracts';
import type { DepsSettings } from './deps.settings.js';

/** A title as DEPS takes it, with the movement that brings it: money as text with a point, days as `YYYY-MM-DD`. */
export interface DepsTitle {
  idExterno: string;
  documentoCliente: string;
  numero: string;
  parcela: string;
  tipo: 'TITULO' | 'CHEQUE';
  emissao: string;
  vencimento: string;
  vencimentoOriginal: string;
  valor: string;
  valorAberto: string;
  situacao: 'ABERTO' | 'PAGO' | 'PARCIAL' | 'CANCELADO';
  movimento: 'LANCAMENTO' | 'COBRANCA' | 'ESTORNO_COBRANCA';
  dataMovimento: string;
  valorMovimento: string;
  juros: string;
  multa: string;
  desconto: string;
}

const SITUATION: Record<ReceivableStatus, DepsTitle['situacao']> = {
  open: 'ABERTO',
  'partially-settled': 'PARCIAL',
  settled: 'PAGO',
  canceled: 'CANCELADO',
  deleted: 'CANCELADO',
};

const MOVEMENT: Record<MovementKind, DepsTitle['movimento']> = {
  entry: 'LANCAMENTO',
  'due-date': 'LANCAMENTO',
  cancellation: 'LANCAMENTO',
  deletion: 'LANCAMENTO',
  settlement: 'COBRANCA',
  discount: 'COBRANCA',
  fine: 'COBRANCA',
  interest: 'COBRANCA',
  'settlement-reversal': 'ESTORNO_COBRANCA',
};

/** The title after its movement [lançamento, cobrança, estorno de cobrança]; as it stands, its last receipt or its entry. */
export function toDepsTitle(
  title: ReceivableChanged,
  { externalIdPrefix }: Pick<DepsSettings, 'externalIdPrefix'>,
): DepsTitle {
  const { kind, date, amount } = title.movement ?? lastOf(title);
  const takenBack = amount.startsWith('-');
  return {
    idExterno: `${externalIdPrefix}${title.receivableId}`,
    documentoCliente: title.customer.document,
    numero: title.number,
    parcela: title.installment,
    tipo: title.kind === 'check' ? 'CHEQUE' : 'TITULO',
    emissao: title.issueDate,
    vencimento: title.dueDate,
    vencimentoOriginal: title.originalDueDate,
    valor: title.amount,
    valorAberto: title.openAmount,
    situacao: SITUATION[title.status],
    // DEPS takes no negative amount: a discount, fine or interest that is taken back is a charge undone.
    movimento: takenBack ? 'ESTORNO_COBRANCA' : MOVEMENT[kind],
    dataMovimento: date,
    valorMovimento: takenBack ? amount.slice(1) : amount,
    juros: title.interestAmount,
    multa: title.fineAmount,
    desconto: title.discountAmount,
  };
}

function lastOf({ settlements, issueDate, amount }: ReceivableChanged): Pick<Movement, 'kind' | 'date' | 'amount'> {
  const standing = settlements.filter(({ reversedOn }) => !reversedOn);
  const last = standing.toSorted((one, other) => (one.date < other.date ? -1 : 1)).at(-1);
  return last
    ? { kind: 'settlement', date: last.date, amount: last.amount }
    : { kind: 'entry', date: issueDate, amount };
}
