import type { PartnerAnswer } from '../partner.js';
import type { Client } from './customerx-account.js';
import { BLANK, NOT_FOUND, TAKEN, unprocessable } from './customerx-answers.js';
import { cut, filtered, merged, pageOf, type CustomerXCall, type Endpoint } from './customerx-call.js';
import { FieldReader } from './fields.js';

/** `/clients`, by verb. */
export const CLIENTS: Record<string, Endpoint> = { GET: list, POST: create, PUT: change, DELETE: remove };

/** `/clients/create_or_update`. */
export const CLIENTS_CREATE_OR_UPDATE: Record<string, Endpoint> = { POST: createOrUpdate };

const CONTRACT_STATUSES = ['without_contract', 'active_contract', 'contract_canceled', 'contract_finalized'] as const;

type Fields = Partial<Omit<Client, 'id' | 'created_at' | 'updated_at'>>;

function list(call: CustomerXCall): PartnerAnswer {
  const rows = filtered(call.account.clients.read(), call, ['external_id_client']);
  return { ...pageOf(rows, call), resource: 'client' };
}

function create(call: CustomerXCall): PartnerAnswer {
  const reader = new FieldReader(call.body, call.settings.dateFormat);
  reader.require('external_id_client', 'company_name');
  const fields = readFields(reader, call);
  if (!reader.isRight) return about(fields.external_id_client, unprocessable(reader.errors));
  const { external_id_client: id = '' } = fields;
  if (call.account.clients.current(id)) return about(id, unprocessable({ external_id_client: [TAKEN] }));
  const row: Client = {
    id: call.account.nextId(),
    external_id_client: id,
    company_name: fields.company_name ?? null,
    trading_name: fields.trading_name ?? null,
    cnpj_cpf: fields.cnpj_cpf ?? null,
    email: fields.email ?? null,
    date_register: fields.date_register ?? null,
    contract_status: fields.contract_status ?? 'without_contract',
    created_at: call.nowIso,
    updated_at: call.nowIso,
  };
  call.account.clients.write(id, row);
  return about(id, { status: 201, body: row, effect: 'created' });
}

function change(call: CustomerXCall): PartnerAnswer {
  const asked = call.request.query.get('external_id_client');
  return asked ? changeOne(cut(asked, call.settings), call) : unprocessable({ external_id_client: [BLANK] });
}

function createOrUpdate(call: CustomerXCall): PartnerAnswer {
  const asked = new FieldReader(call.body, call.settings.dateFormat).text('external_id_client');
  const id = asked == null ? undefined : cut(asked, call.settings);
  return id !== undefined && call.account.clients.current(id) ? changeOne(id, call) : create(call);
}

function changeOne(id: string, call: CustomerXCall): PartnerAnswer {
  const before = call.account.clients.current(id);
  if (!before) return about(id, NOT_FOUND);
  const reader = new FieldReader(call.body, call.settings.dateFormat);
  const fields = readFields(reader, call);
  if (!reader.isRight) return about(id, unprocessable(reader.errors));
  const { row, isChanged } = merged(before, { ...fields, external_id_client: id }, call.nowIso);
  if (isChanged) call.account.clients.write(id, row);
  return about(id, { status: 200, body: row, effect: isChanged ? 'changed' : 'unchanged' });
}

function remove(call: CustomerXCall): PartnerAnswer {
  const asked = call.request.query.get('external_id_client');
  if (!asked) return unprocessable({ external_id_client: [BLANK] });
  const id = cut(asked, call.settings);
  const row = call.account.clients.current(id);
  if (!row) return about(id, NOT_FOUND);
  call.account.clients.delete(id);
  return about(id, { status: 200, body: row, effect: 'deleted' });
}

function readFields(reader: FieldReader, { settings }: CustomerXCall): Fields {
  const id = reader.text('external_id_client');
  return {
    external_id_client: id == null ? undefined : cut(id, settings),
    company_name: reader.text('company_name'),
    trading_name: reader.text('trading_name'),
    cnpj_cpf: reader.text('cnpj_cpf'),
    email: reader.text('email'),
    date_register: reader.date('date_register'),
    contract_status: reader.oneOf('contract_status', CONTRACT_STATUSES) ?? undefined,
  };
}

function about(externalId: string | undefined, answer: PartnerAnswer): PartnerAnswer {
  return { ...answer, resource: 'client', externalId };
}
