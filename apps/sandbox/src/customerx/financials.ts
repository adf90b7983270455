import type { PartnerAnswer } from '../partner.js';
import { FINANCIAL_STATUSES, type Financial } from './customerx-account.js';
import { BLANK, NOT_FOUND, TAKEN, unprocessable } from './customerx-answers.js';
import { cut, filtered, merged, pageOf, type CustomerXCall, type Endpoint } from './customerx-call.js';
import { FieldReader } from './fields.js';

/** `/financials`, by verb. Fine and interest have no column here; unknown fields are ignored. */
export const FINANCIALS: Record<string, Endpoint> = { GET: list, POST: create, PUT: change, DELETE: remove };

type Fields = Partial<Omit<Financial, 'id' | 'client_id' | 'created_at' | 'updated_at'>>;

function list(call: CustomerXCall): PartnerAnswer {
  const rows = filtered(call.account.financials.read(), call, ['external_id_financial', 'external_id_client']);
  return withClients(pageOf(rows, call), call);
}

function create(call: CustomerXCall): PartnerAnswer {
  const reader = new FieldReader(call.body, call.settings.dateFormat);
  reader.require('external_id_financial', 'external_id_client', 'value', 'date_due');
  const fields = readFields(reader, call);
  if (!reader.isRight) return about(fields, unprocessable(reader.errors));
  const { external_id_financial: id = '', external_id_client: client = '', value = '', date_due = '' } = fields;
  if (call.account.financials.current(id)) return about(fields, unprocessable({ external_id_financial: [TAKEN] }));
  if (isUnknownClient(client, call)) return about(fields, unprocessable({ external_id_client: ['not found'] }));
  const row: Financial = {
    id: call.account.nextId(),
    identifier: null,
    description: null,
    date_issue: null,
    date_original_due: date_due,
    date_payment: null,
    discount_value: '0.00',
    amount_paid: '0.00',
    status: 'pending',
    ...withoutUndefined(fields),
    external_id_financial: id,
    external_id_client: client,
    value,
    date_due,
    client_id: call.account.clients.current(client)?.id ?? null,
    created_at: call.nowIso,
    updated_at: call.nowIso,
  };
  call.account.financials.write(id, row);
  return about(fields, { status: 201, body: shown(row, call), effect: 'created' });
}

function change(call: CustomerXCall): PartnerAnswer {
  const id = addressed(call);
  if (id === undefined) return unprocessable({ external_id_financial: [BLANK] });
  const key = { external_id_financial: id };
  const before = call.account.financials.current(id);
  if (!before) return about(key, NOT_FOUND);
  const reader = new FieldReader(call.body, call.settings.dateFormat);
  const fields = readFields(reader, call);
  if (!reader.isRight) return about(key, unprocessable(reader.errors));
  const client = fields.external_id_client ?? before.external_id_client;
  if (isUnknownClient(client, call)) return about(key, unprocessable({ external_id_client: ['not found'] }));
  const client_id = call.account.clients.current(client)?.id ?? null;
  const { row, isChanged } = merged(before, { ...fields, external_id_financial: id, client_id }, call.nowIso);
  if (isChanged) call.account.financials.write(id, row);
  return about(key, { status: 200, body: shown(row, call), effect: isChanged ? 'changed' : 'unchanged' });
}

function remove(call: CustomerXCall): PartnerAnswer {
  const id = addressed(call);
  if (id === undefined) return unprocessable({ external_id_financial: [BLANK] });
  const row = call.account.financials.current(id);
  if (!row) return about({ external_id_financial: id }, NOT_FOUND);
  call.account.financials.delete(id);
  return about(row, { status: 200, body: shown(row, call), effect: 'deleted' });
}

/** Null where the partner has a default is the default; a null date clears it. */
function readFields(reader: FieldReader, { settings }: CustomerXCall): Fields {
  const [id, client] = [reader.text('external_id_financial'), reader.text('external_id_client')];
  return {
    external_id_financial: id == null ? undefined : cut(id, settings),
    external_id_client: client == null ? undefined : cut(client, settings),
    identifier: reader.text('identifier'),
    description: reader.text('description'),
    date_issue: reader.date('date_issue'),
    date_due: reader.date('date_due') ?? undefined,
    date_original_due: reader.date('date_original_due'),
    date_payment: reader.date('date_payment'),
    value: reader.money('value') ?? undefined,
    discount_value: reader.money('discount_value') ?? undefined,
    amount_paid: reader.money('amount_paid') ?? undefined,
    status: reader.oneOf('status', FINANCIAL_STATUSES) ?? undefined,
  };
}

function addressed({ request, settings }: CustomerXCall): string | undefined {
  const id = request.query.get('external_id_financial');
  return id ? cut(id, settings) : undefined;
}

function isUnknownClient(client: string, { account, settings }: CustomerXCall): boolean {
  return settings.strictClients && !account.clients.current(client);
}

function shown(row: Financial, { account }: CustomerXCall) {
  const client = account.clients.current(row.external_id_client);
  return {
    ...row,
    client: client && {
      id: client.id,
      external_id_client: client.external_id_client,
      company_name: client.company_name,
    },
  };
}

function withClients(page: PartnerAnswer, call: CustomerXCall): PartnerAnswer {
  return { ...page, resource: 'financial', body: (page.body as Financial[]).map((row) => shown(row, call)) };
}

function about(fields: Pick<Fields, 'external_id_financial'>, answer: PartnerAnswer): PartnerAnswer {
  return { ...answer, resource: 'financial', externalId: fields.external_id_financial };
}

function withoutUndefined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
