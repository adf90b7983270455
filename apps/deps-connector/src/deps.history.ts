import { absent, ambiguous, present, unavailable, type Verification } from '#libs/contracts';
import type { Call } from '#libs/connector-kit';
import type { CreditResults } from '#libs/credit';
import { readCommon } from '#libs/partner';
import { readAnalysis } from './deps.answers.js';
import type { DepsApi } from './deps.api.js';
import type { Query } from './deps.credit.js';
import type { DepsSettings } from './deps.settings.js';

/** Clocks differ: what DEPS dates a little earlier than we asked may be ours all the same. */
const APART_MS = 120_000;

interface Entry {
  historicoConsultaId: string;
  usuario?: string;
}

/**
 * Whether DEPS made, and charged, exactly this query. It takes no key of ours, so what tells is its history: queries by our
 * user for this document and product since it was asked for, without those that answered another request of ours. One of
 * them is ours; two could be anybody's.
 */
export async function findQuery(
  { analysisId, document, product, askedAt }: Query,
  { api, results, call }: { api: DepsApi; results: CreditResults; call: Call<DepsSettings> },
): Promise<Verification> {
  const since = new Date(Date.parse(askedAt) - APART_MS);
  const answer = await api.listHistory({ document, product, since }, call);
  const common = readCommon(answer);
  if (common) return common;
  if (!Array.isArray(answer.body)) return unavailable(`HTTP ${answer.status}: sem lista / no list`);
  const user = call.settings.email.toLowerCase();
  const ours = (answer.body as Entry[]).filter(({ usuario }) => usuario?.toLowerCase() === user);
  const ids = ours.map(({ historicoConsultaId }) => historicoConsultaId);
  const taken = await results.referencesOfOthers(analysisId, ids);
  const free = ids.filter((id) => !taken.has(id));
  if (free.length === 0) return absent();
  if (free.length > 1)
    return ambiguous(`a DEPS tem ${free.length} consultas que podem ser esta / DEPS has ${free.length} that may be it`);
  const read = readAnalysis(await api.showHistory(free[0]!, call));
  if (read.kind !== 'analysis') return unavailable('a consulta não pôde ser lida / the analysis could not be read');
  const written = await results.complete(analysisId, read.result);
  return written === 'of-another' ? absent() : present(read.result.reference);
}
