import { NO_COMPANY, aggregateIdOf, aggregateOf, type HubEnvelope } from './envelope.js';

/** The field of `data` that must repeat the id of the subject, by aggregate: order is kept by one, found by the other. */
const IDENTITY_FIELDS: Readonly<Record<string, string>> = {
  receivable: 'receivableId',
  customer: 'customerId',
  contract: 'contractId',
  occurrence: 'occurrenceId',
  'credit-analysis': 'requestId',
  negativation: 'requestId',
  backfill: 'aggregate',
};

/** Where the attributes of an ERP's event disagree among themselves. */
export function attributeContradictions(envelope: HubEnvelope): string[] {
  const problems: string[] = [];
  const aggregate = envelope.type.split('.')[1];
  if (/^(?:erp|ponte)\./.test(envelope.type) && aggregateOf(envelope.subject) !== aggregate) {
    problems.push(
      `/subject says ${aggregateOf(envelope.subject)}, but the type ${envelope.type} is about a ${aggregate}`,
    );
  }
  if (!envelope.source.startsWith('/erp/')) {
    problems.push(`/source says ${envelope.source}, but ${envelope.type} can only come from /erp/<instance>`);
  }
  if (envelope.company === NO_COMPANY) problems.push('/company must name a company');
  return problems;
}

/** Where `data` names another company, branch or aggregate than the envelope: access and order follow the envelope. */
export function dataContradictions(envelope: HubEnvelope, data: object): string[] {
  const fields = data as Readonly<Record<string, unknown>>;
  const identity = IDENTITY_FIELDS[aggregateOf(envelope.subject)];
  return [
    ...(identity === undefined
      ? []
      : disagreement(`/data/${identity}`, fields[identity], '/subject', aggregateIdOf(envelope.subject))),
    ...disagreement('/data/company', fields['company'], '/company', envelope.company),
    ...disagreement('/data/branch', fields['branch'], '/branch', envelope.branch),
  ];
}

function disagreement(here: string, inData: unknown, there: string, inEnvelope: string | undefined): string[] {
  if (typeof inData !== 'string' || inEnvelope === undefined || inData === inEnvelope) return [];
  return [`${here} says ${inData}, but ${there} says ${inEnvelope}`];
}
