import { isDeepStrictEqual } from 'node:util';
import { isUuid } from '#libs/contracts';
import type { Effect, ItemEffect } from '../call-log.js';
import type { PartnerAnswer } from '../partner.js';
import type { Batch } from './deps-account.js';
import { invalidBatch } from './deps-answers.js';
import { isObject, type Body, type DepsCall } from './deps-call.js';
import { isSameTitle, refusalOf, toTitleItem, type TitleItem } from './title-item.js';

const MOST_TITLES = 500;
const BATCH_TYPES = ['INICIAL', 'DIARIA', 'CONSULTA'];

interface ReadBatch {
  loteId: string;
  tipo: string;
  titulos: readonly Body[];
}

/** `/contas-receber/lotes`: a batch counts once, by its id; its items are taken or refused one by one, in order. */
export function takeBatch(call: DepsCall): PartnerAnswer {
  const complaint = complaintAbout(call.body);
  if (complaint !== undefined) return ofBatch(call.body?.loteId, invalidBatch(complaint));
  const batch = call.body as unknown as ReadBatch;
  const known = call.account.batches.get(batch.loteId);
  if (known && !isDeepStrictEqual(known.body, call.body))
    return ofBatch(batch.loteId, invalidBatch('este loteId veio antes com outro conteúdo', 409));
  return ofBatch(batch.loteId, known ? answerAgain(known) : answerFirst(batch, call));
}

function answerFirst(batch: ReadBatch, call: DepsCall): PartnerAnswer {
  const { loteId, tipo, titulos } = batch;
  const taken: Batch = {
    loteId,
    tipo,
    at: call.nowIso,
    body: call.body,
    answer: { loteId, recebidos: 0, rejeitados: [] },
    effects: [],
    repeats: 0,
  };
  taken.effects = titulos.map((item) => takeItem(item, taken, call));
  call.account.batches.set(loteId, taken);
  return { status: 202, body: taken.answer, effect: 'created', effects: taken.effects };
}

function answerAgain(batch: Batch): PartnerAnswer {
  batch.repeats++;
  const effects = batch.effects.map((item) => (item.refusal ? item : { ...item, effect: 'unchanged' as const }));
  return { status: 202, body: batch.answer, effect: 'unchanged', effects };
}

function takeItem(item: Body, batch: Batch, call: DepsCall): ItemEffect {
  const idExterno = item.idExterno as string;
  const about = { resource: 'receivable', externalId: idExterno };
  const refusal = refusalOf(item, call.settings.refusedTitles);
  if (refusal) {
    batch.answer.rejeitados.push({ idExterno, ...refusal });
    return { ...about, effect: 'none', refusal: refusal.codigo };
  }
  batch.answer.recebidos++;
  return { ...about, effect: keep(toTitleItem(item), batch, call) };
}

/** What a title is told to be already leaves no second movement. */
function keep(item: TitleItem, { loteId, tipo, at }: Batch, { account: { titles } }: DepsCall): Effect {
  const before = titles.get(item.idExterno);
  if (before && isSameTitle(before, item)) return 'unchanged';
  const { movimento, dataMovimento, valorMovimento, situacao, valorAberto } = item;
  const movement = { loteId, tipoLote: tipo, at, movimento, dataMovimento, valorMovimento, situacao, valorAberto };
  titles.set(item.idExterno, { ...item, movements: [...(before?.movements ?? []), movement] });
  return before ? 'changed' : 'created';
}

function complaintAbout(body: Body | undefined): string | undefined {
  if (!body) return 'o corpo não é um objeto JSON';
  const { loteId, tipo, titulos } = body;
  if (!isUuid(loteId)) return 'loteId não é um UUID';
  if (!BATCH_TYPES.some((type) => type === tipo)) return `tipo não é ${BATCH_TYPES.join(', ')}`;
  if (!Array.isArray(titulos) || titulos.length === 0) return 'sem títulos';
  if (titulos.length > MOST_TITLES) return `mais de ${MOST_TITLES} títulos`;
  const isNamed = (item: unknown) => isObject(item) && typeof item.idExterno === 'string' && item.idExterno !== '';
  return titulos.every(isNamed) ? undefined : 'título sem idExterno';
}

function ofBatch(loteId: unknown, answer: PartnerAnswer): PartnerAnswer {
  return {
    ...answer,
    resource: 'receivables-batch',
    externalId: typeof loteId === 'string' ? loteId : undefined,
  };
}
