import { Secret } from '#libs/runtime';

const SHOWN = '[masked]';
/** Shorter, and it is found in the middle of words that mean something else. */
const SHORTEST = 4;

/** A partner's answer may repeat the token it refused: no word of an outcome holds a secret of the integration. */
export function withoutSecrets<T extends object>(outcome: T, settings: object, tokens: readonly Secret[] = []): T {
  const secrets = secretsIn({ ...settings, ...tokens });
  const written = JSON.stringify(outcome);
  return secrets.some((secret) => written.includes(JSON.stringify(secret).slice(1, -1)))
    ? (replaced(outcome, secrets) as T)
    : outcome;
}

/** The same of an exception, whose words become the reason of a parked delivery. */
export function errorWithoutSecrets(error: unknown, settings: object, tokens: readonly Secret[] = []): unknown {
  const secrets = secretsIn({ ...settings, ...tokens });
  if (error instanceof Error) error.message = replaced(error.message, secrets) as string;
  return error;
}

function secretsIn(settings: object): string[] {
  return Object.values(settings).flatMap((value: unknown) =>
    value instanceof Secret && value.reveal().length >= SHORTEST ? value.reveal() : [],
  );
}

function replaced(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, SHOWN), value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map((item) => replaced(item, secrets));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, replaced(field, secrets)]));
}
