import type { ContractChanged } from './contract.js';
import type { CreditAnalysisRequested, NegativationRequested } from './credit.js';
import type { OccurrenceChanged } from './occurrence.js';
import type { RegisterEntryChanged } from './register.js';
import { MARINA, PADARIA } from './sample-customers.js';

export const COMPANY: RegisterEntryChanged = {
  code: '1',
  name: 'Construtora Horizonte Fictício S.A.',
  tradingName: 'Horizonte Fictício',
  cnpj: '11222333000181',
  timeZone: 'America/Sao_Paulo',
  active: true,
  sequence: 1,
};

export const BRANCH: RegisterEntryChanged = {
  code: '3',
  name: 'Filial Manaus',
  cnpj: '11222333000262',
  timeZone: 'America/Manaus',
  parent: '1',
  active: true,
  sequence: 2,
};

export const BUSINESS_UNIT: RegisterEntryChanged = {
  code: '12',
  name: 'Loteamentos',
  parent: '3',
  active: true,
  sequence: 1,
};

export const CONTRACT: ContractChanged = {
  contractId: '2207',
  number: 'CT-2026/2207',
  company: '1',
  branch: '3',
  businessUnit: '12',
  customer: MARINA,
  status: 'active',
  signedOn: '2026-05-28',
  startsOn: '2026-06-01',
  development: { id: '45', name: 'Residencial Jardim de Papel' },
  unit: { id: '45-B-301', name: 'Bloco B, apto 301' },
  amount: '312500.00',
  currency: 'BRL',
  lines: [],
  sequence: 1,
};

export const CONTRACT_WITH_LINES: ContractChanged = {
  contractId: '3310',
  number: '3310',
  company: '1',
  branch: '3',
  customer: PADARIA,
  status: 'active',
  signedOn: '2026-02-12',
  amount: '189.90',
  currency: 'BRL',
  lines: [
    { id: '701', kind: 'internet', status: 'active' },
    { id: '702', kind: 'mobile', number: '+5549999990004', status: 'active' },
    { id: '703', kind: 'voip', number: '4930', status: 'active' },
  ],
  sequence: 4,
};

export const CONTRACT_BLOCKED: ContractChanged = {
  ...CONTRACT_WITH_LINES,
  status: 'blocked',
  lines: CONTRACT_WITH_LINES.lines.map((line) => ({ ...line, status: 'partially-blocked' })),
  block: { kind: 'partial', reason: 'overdue', since: '2026-07-18', note: 'Título 5120/1 vencido há 15 dias' },
  sequence: 5,
};

export const CONTRACT_ENDED: ContractChanged = {
  ...CONTRACT_WITH_LINES,
  status: 'ended',
  endedOn: '2026-09-30',
  endReason: 'Mudança de endereço',
  lines: CONTRACT_WITH_LINES.lines.map((line) => ({ ...line, status: 'ended' })),
  sequence: 7,
};

export const OCCURRENCE: OccurrenceChanged = {
  occurrenceId: '66120',
  company: '1',
  branch: '3',
  contractId: '2207',
  customerId: MARINA.id,
  occurrenceType: { code: '15', name: 'Fale Conosco' },
  origin: 'customer-portal',
  status: 'open',
  title: 'Segunda via do boleto',
  description: 'Cliente pede a segunda via do boleto de julho.',
  openedAt: '2026-07-03T10:12:44-03:00',
  sequence: 1,
};

export const OCCURRENCE_CLOSED: OccurrenceChanged = {
  ...OCCURRENCE,
  status: 'closed',
  externalCode: 'CRM-20931',
  closedAt: '2026-07-03T15:40:00-03:00',
  sequence: 3,
};

export const CREDIT_ANALYSIS: CreditAnalysisRequested = {
  requestId: '991',
  requestedBy: 'joana.analista',
  customer: PADARIA,
  productId: '0a1b2c3d',
  confirmedNew: false,
};

export const NEGATIVATION: NegativationRequested = {
  requestId: '318',
  requestedBy: 'rui.cobranca',
  customer: MARINA,
  titles: [
    { receivableId: '4711-2', number: '4711', installment: '2', dueDate: '2026-07-10', openAmount: '1279.15' },
    { receivableId: '4711-3', number: '4711', installment: '3', dueDate: '2026-08-10', openAmount: '1250.00' },
  ],
  reason: 'Inadimplência de prestações do contrato',
};
