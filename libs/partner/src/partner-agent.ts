import { X509Certificate } from 'node:crypto';
import { isIP, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import { AddressNotAllowed, guardedLookup, isPrivateAddress, isWebPort, type Resolve } from './address-guard.js';
import { PartnerUnavailable } from './partner-unavailable.js';

export interface PartnerAgentOptions {
  /** Sockets at once; further calls wait for one within their deadline. */
  connections: number;
  connectTimeoutMs: number;
  /**
   * PEM, one or more certificates, trusted *beside* the public roots. Beside, because the usual trouble is a public
   * certificate sent without its intermediate: loaded alone it would not lead to a root, and the day such a partner
   * repairs its server nothing breaks.
   */
  ca?: string;
  allowPrivateAddresses: boolean;
  resolve?: Resolve;
}

/** HTTP/1.1, one request per socket at a time: destroying the socket ends exactly one call. No redirects, no retries. */
export function partnerAgent(options: PartnerAgentOptions): Agent {
  return new Agent({
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0, // the call's own deadline counts all of it
    bodyTimeout: 0,
    connect: guardedConnector(options),
  });
}

function guardedConnector(options: PartnerAgentOptions): buildConnector.connector {
  const connect = buildConnector({
    allowH2: false,
    timeout: options.connectTimeoutMs,
    rejectUnauthorized: true, // explicit: stronger than NODE_TLS_REJECT_UNAUTHORIZED=0
    lookup: options.allowPrivateAddresses ? lookupWith(options.resolve) : guardedLookup(options.resolve),
    secureContext: trustBeside(options.ca),
  });
  return (target, callback) => {
    if (!options.allowPrivateAddresses && isForbidden(target)) {
      process.nextTick(callback, new AddressNotAllowed(), null);
      return;
    }
    connect(target, callback);
  };
}

/** A literal address is never looked up, so it is looked at here. */
function isForbidden({ hostname, port }: buildConnector.Options): boolean {
  return !isWebPort(port) || (isIP(hostname) !== 0 && isPrivateAddress(hostname));
}

function lookupWith(resolve: Resolve | undefined): LookupFunction | undefined {
  if (!resolve) return undefined;
  return (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, addresses) => callback(error, addresses));
}

/** Parsed once per endpoint, not once per connection: the public roots alone are some 150 certificates. */
function trustBeside(ca: string | undefined): SecureContext | undefined {
  if (ca === undefined) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ...readCertificates(ca)] });
}

const PEM_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** `createSecureContext` skips in silence what it cannot read, and the operator would go on loading the same file. */
function readCertificates(ca: string): string[] {
  try {
    const blocks = ca.match(PEM_BLOCK) ?? [];
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block).toString());
  } catch {
    // one unreadable certificate refuses all of them
  }
  throw new PartnerUnavailable('ca-unreadable', { sent: 'never' });
}
