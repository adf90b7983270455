import type { UnavailableCode } from './partner-unavailable.js';

const CODES: Record<string, UnavailableCode> = {
  ENOTFOUND: 'name-not-found',
  EAI_AGAIN: 'name-not-found',
  EAI_FAIL: 'name-not-found',
  ENODATA: 'name-not-found',
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ECONNRESET: 'connection-reset',
  EPIPE: 'connection-reset',
  UND_ERR_SOCKET: 'connection-reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'connection-reset',
  UND_ERR_CLOSED: 'closed',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_HEADERS_OVERFLOW: 'answer-too-large',
  HPE_HEADER_OVERFLOW: 'answer-too-large',
  CERT_HAS_EXPIRED: 'certificate-out-of-date',
  CERT_NOT_YET_VALID: 'certificate-out-of-date',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-wrong-name',
  HOSTNAME_MISMATCH: 'certificate-wrong-name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-not-trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-not-trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-not-trusted',
  CERT_UNTRUSTED: 'certificate-not-trusted',
  CERT_CHAIN_TOO_LONG: 'certificate-not-trusted',
  INVALID_CA: 'certificate-not-trusted',
  EPROTO: 'tls-failed',
};

const FAMILIES: [RegExp, UnavailableCode][] = [
  [/^HPE_/, 'answer-not-http'],
  [/^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_)/, 'tls-failed'],
];

/** Our stable code for what Node, OpenSSL or undici threw while a call was made. */
export function readTransportFailure(systemCode: string | undefined): UnavailableCode {
  if (systemCode === undefined) return 'transport-failed';
  return CODES[systemCode] ?? FAMILIES.find(([family]) => family.test(systemCode))?.[1] ?? 'transport-failed';
}

/** The `code` of an error; of several attempts at several addresses, the first one's. */
export function systemCodeOf(error: Error): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return systemCodeOf(error.errors[0] as Error);
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string') return code;
  return name === 'HTTPParserError' ? 'HPE_UNNAMED' : undefined; // undici leaves most of llhttp's codes out
}
