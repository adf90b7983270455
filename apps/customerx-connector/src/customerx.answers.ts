import { delivered, refused, unavailable, type Outcome } from '#libs/contracts';
import { readCommon, type PartnerAnswer } from '#libs/partner';

interface ErrorBody {
  message?: unknown;
  error?: unknown;
  errors?: Record<string, unknown>;
}

/** The one place that reads CustomerX's answers. */
export function readAnswer(answer: PartnerAnswer): Outcome {
  const known = readCredential(answer) ?? readCommon(answer);
  if (known) return known;
  if (answer.status < 300 && !saysError(answer.body)) return delivered(referenceIn(answer.body));
  return refused(`HTTP ${answer.status}: ${problemIn(answer.body)}`);
}

/** Whom to call differs: a wrong token is mended in the settings, an ended licence by the customer with CustomerX. */
export function readCredential({ status, body }: PartnerAnswer): Outcome | undefined {
  const reason = isLicenceEnded(status, body)
    ? 'a licença do CustomerX terminou / the CustomerX licence has ended'
    : status === 401
      ? 'o CustomerX recusou a credencial / CustomerX refused the credential'
      : undefined;
  if (!reason) return undefined;
  return unavailable(`HTTP ${status}: ${reason}`, { pause: { reason: 'credential', detail: reason } });
}

export function isLicenceEnded(status: number, body: unknown): boolean {
  const { error, message } = (body ?? {}) as ErrorBody;
  return (status === 402 || status === 403) && /licen[sc]e|licença|expired/i.test(`${said(error)} ${said(message)}`);
}

/** The external id was given before: by an earlier try of ours. */
export function isTaken({ status, body }: PartnerAnswer): boolean {
  return status === 422 && /taken/.test(complaintOf(body, 'external_id_financial'));
}

/** The client the financial names is not there. */
export function isClientUnknown({ status, body }: PartnerAnswer): boolean {
  return status === 422 && /not found|not exist|unknown/.test(complaintOf(body, 'external_id_client'));
}

function complaintOf(body: unknown, field: string): string {
  return JSON.stringify((body as ErrorBody | undefined)?.errors?.[field] ?? '');
}

/** A 200 around a business error: what is taken for delivered here is never sent again. */
function saysError(body: unknown): boolean {
  const { error, errors } = (body ?? {}) as ErrorBody;
  return Boolean(error) || Object.keys(errors ?? {}).length > 0;
}

function referenceIn(body: unknown): string | undefined {
  const id = (body as { id?: unknown } | undefined)?.id;
  return id === undefined || id === null ? undefined : said(id);
}

/** Field names and their complaints: CustomerX's own words, which name no person. */
function problemIn(body: unknown): string {
  const { message, error, errors } = (body ?? {}) as ErrorBody;
  const fields = Object.entries(errors ?? {}).map(
    ([field, complaint]) => `${field} ${[complaint].flat().map(said).join(', ')}`,
  );
  if (fields.length > 0) return fields.join('; ');
  return said(message ?? error ?? 'sem explicação / no explanation');
}

/** Whatever JSON stands there: an object may have a `toString` of the partner's, and `String` would throw. */
function said(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
