import { lookup as systemLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Thrown while connecting: the name led to a network a partner has no business in. */
export class AddressNotAllowed extends Error {
  readonly code = 'PRIVATE_ADDRESS';
}

/** IANA's special-purpose registries: own host, private, shared, link-local (cloud metadata lives there), benchmark, multicast, reserved. */
const IPV4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** 6to4 and Teredo carry an IPv4 address of anybody's choice and serve no partner. */
const IPV6: [string, number][] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
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
