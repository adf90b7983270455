import 'reflect-metadata';
import type { Unavailable } from '#libs/contracts';
import type { Words } from '#libs/settings';
import type { Call } from './call.js';
import { DEFAULT_GROUP } from './default-group.js';

/** What a partner's login answered. */
export type LoginAnswer =
  | {
      kind: 'token';
      token: string;
      expiresInSeconds: number;
      /** What the answer says beside the token and is worth keeping, such as the products of the account; no secret. */
      note?: unknown;
    }
  /** Wrong, locked or expired credentials: nobody logs in again before a person has done something about it. */
  | { kind: 'refused'; detail: Words }
  | Unavailable;

export interface LoginOptions {
  /** The group it logs in for; absent: for each that has no login of its own. */
  group?: string;
  /** The headers by which a request carries the token. */
  authorize: (token: string) => Record<string, string>;
}

export interface LoginEntry extends LoginOptions {
  method: string;
}

/** By group; the login of all others under `EVERY_GROUP`. */
export type LoginEntries = ReadonlyMap<string, LoginEntry>;

export const EVERY_GROUP = '*';

const LOGINS = Symbol('logins');

export type LoginMethod = (call: Call<never>) => Promise<LoginAnswer>;

/**
 * The method logs in at the partner. From then on every request of the class' other methods carries the token, got once
 * for all replicas, renewed ahead of its end and once after a 401; a request of the login itself carries none.
 */
export function Login(options: LoginOptions) {
  return <M extends LoginMethod>(target: object, method: string, _descriptor: TypedPropertyDescriptor<M>): void => {
    const before = (Reflect.getMetadata(LOGINS, target) ?? []) as LoginEntry[];
    Reflect.defineMetadata(LOGINS, [...before, { ...options, method } satisfies LoginEntry], target);
  };
}

/** @throws TypeError naming the line to write */
export function loginsOf(connector: { name: string; prototype: object }, groups: { has(group: string): boolean }) {
  const entries = (Reflect.getMetadata(LOGINS, connector.prototype) ?? []) as LoginEntry[];
  const logins = new Map<string, LoginEntry>();
  for (const entry of entries) {
    const { group = EVERY_GROUP, method } = entry;
    if (group !== EVERY_GROUP && !groups.has(group))
      throw new TypeError(`${connector.name}.${method} logs in for the group "${group}": write it under groups: { … }`);
    const other = logins.get(group);
    if (other)
      throw new TypeError(
        `${connector.name} logs in twice for ${group === EVERY_GROUP ? 'every group' : `the group "${group}"`}, ` +
          `by ${other.method} and ${method}: write group: '…' in one @Login, or take one away`,
      );
    logins.set(group, entry);
  }
  return logins as LoginEntries;
}

/** Nothing where the group's requests carry no token. */
export function loginOf(logins: LoginEntries, group: string = DEFAULT_GROUP): LoginEntry | undefined {
  return logins.get(group) ?? logins.get(EVERY_GROUP);
}
