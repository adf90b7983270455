/** What each code says to an operator: pt-BR, English beside. Codes are stable: dashboards and runbooks name them. */
const WORDS = {
  'name-not-found': ['endereço não encontrado no DNS', 'name not found in DNS'],
  'connection-refused': ['conexão recusada', 'connection refused'],
  unreachable: ['rede inalcançável', 'network unreachable'],
  'connect-timeout': ['sem conexão dentro do prazo', 'no connection in time'],
  'connection-reset': ['conexão interrompida', 'connection broken'],
  deadline: ['sem resposta completa dentro do prazo', 'no complete answer within the deadline'],
  cancelled: ['chamada cancelada por nós', 'call cancelled by us'],
  'certificate-not-trusted': [
    'certificado não confiável: carregue a CA nas configurações',
    'certificate not trusted: load the CA in the settings',
  ],
  'certificate-out-of-date': ['certificado fora da validade', 'certificate expired or not yet valid'],
  'certificate-wrong-name': ['certificado emitido para outro endereço', 'certificate issued for another name'],
  'tls-failed': ['falha de TLS', 'TLS failed'],
  'ca-unreadable': [
    'a CA das configurações não é um certificado PEM: carregue-a de novo',
    'the CA in the settings is not a PEM certificate: load it again',
  ],
  'address-invalid': [
    'URL base inválida: use https://servidor/caminho, sem usuário, senha ou parâmetros',
    'base URL invalid: use https://server/path, without user, password or query',
  ],
  'address-not-allowed': [
    'o endereço leva a uma rede privada ou a uma porta que não é da web: ligue "permitir endereços privados" (allowPrivateAddresses) se isso é desejado',
    'the address leads to a private network or to a port that is not of the web: set allowPrivateAddresses if that is wanted',
  ],
  'plain-http-refused': [
    'HTTP sem TLS recusado: use https ou ligue "permitir HTTP sem TLS" (allowPlainHttp)',
    'plain HTTP refused: use https or set allowPlainHttp',
  ],
  'answer-too-large': ['resposta maior que o limite', 'answer larger than the limit'],
  'answer-encoded': ['resposta comprimida sem ter sido pedida', 'answer compressed though nobody asked'],
  'answer-not-http': ['a resposta não é HTTP válido', 'the answer is not valid HTTP'],
  'breaker-open': ['parceiro em pausa após falhas seguidas', 'paused after repeated failures'],
  'own-rate-limit': ['limite de requisições configurado atingido', 'rate limit of our own reached'],
  closed: ['configuração substituída durante a chamada', 'this endpoint was closed'],
  'transport-failed': ['falha de transporte', 'transport failed'],
} as const;

export type UnavailableCode = keyof typeof WORDS;

/**
 * Whether the partner can have received the request: `never` proves that not one byte of it left this process,
 * `maybe` means it may have been applied. A paid operation is verified after `maybe` and may be sent again after `never`.
 */
export type Sent = 'never' | 'maybe';

export interface UnavailableFacts {
  sent: Sent;
  /** The status line had arrived before the rest failed. */
  status?: number;
  /** Not worth trying before. */
  retryAt?: Date;
  /** Node's or undici's code, for the log. */
  systemCode?: string;
}

/**
 * There is no answer. Carries no body, no header, no query, no address: it may be logged and shown as it is.
 * The original error is not kept as `cause`: its text repeats addresses and, with some drivers, what was sent.
 */
export class PartnerUnavailable extends Error {
  override readonly name = 'PartnerUnavailable';
  readonly sent: Sent;
  readonly status?: number;
  readonly retryAt?: Date;
  readonly systemCode?: string;
  /** Set by the endpoint that was called. */
  endpoint?: string;
  method?: string;
  /** The path template. */
  path?: string;

  constructor(
    readonly code: UnavailableCode,
    facts: UnavailableFacts,
  ) {
    super(WORDS[code].join(' / '));
    this.sent = facts.sent;
    this.status = facts.status;
    this.retryAt = facts.retryAt;
    this.systemCode = facts.systemCode;
  }
}
