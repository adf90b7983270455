import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Thrown while connecting: to a network, or a port, a partner has no business in. */
export class AddressNotAllowed extends Error {
  readonly code = 'PRIVATE_ADDRESS';
}

/**
 * IANA's special-purpose registries: own host, private, shared, link-local (cloud metadata lives there), 6to4 relays,
 * benchmark, multicast, reserved. And the one public address that is a cloud's own host: Azure's, the same in every network.
 */
const IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['168.63.129.16', 32],
  ['192.0.0.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** What carries an IPv4 address of anybody's choice (mapped, compatible, translated, 6to4, Teredo) serves no partner. */
const IPV6: [string, number][] = [
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const privateNetworks = new BlockList();
for (const [network, prefix] of IPV6) privateNetworks.addSubnet(network, prefix, 'ipv6');
for (const [network, prefix] of IPV4) {
  privateNetworks.addSubnet(network, prefix, 'ipv4'); // matches ::ffff:a.b.c.d too
  privateNetworks.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6'); // the same behind NAT64
}

export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || privateNetworks.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Mail, databases, brokers, caches, remote desktops: what listens there may take a request for orders of its own. */
const PORTS_OF_OTHERS = new Set([2049, 3306, 3389, 5432, 5671, 5672, 6379, 9042, 11_211, 27_017]);

/** @param port as a URL says it: empty for the scheme's own */
export function isWebPort(port: string): boolean {
  const number = Number(port);
  return port === '' || number === 80 || number === 443 || (number >= 1024 && !PORTS_OF_OTHERS.has(number));
}

/** The resolver, as `dns.lookup` with `all: true`; injected by tests that play DNS. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * A lookup for `net.connect` that refuses private networks. It sees the very addresses the socket then connects to,
 * so a name that changes between a check and the connection (DNS rebinding) gains nothing. One private address
 * among public ones refuses all: which of them answers must not be a matter of order.
 */
export function guardedLookup(resolve: Resolve = systemLookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      const first = addresses?.[0];
      if (error || !first) return callback(error ?? new AddressNotAllowed(), '');
      if (addresses.some(({ address }) => isPrivateAddress(address))) return callback(new AddressNotAllowed(), '');
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
    });
  };
}
