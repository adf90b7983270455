import { PERMISSIONS, type Permission } from './permissions.js';

const ALL = Object.keys(PERMISSIONS) as Permission[];

const SEE: Permission[] = ['integrations.read', 'runs.read', 'deliveries.read', 'endpoints.read', 'balance.read'];
const SEARCH: Permission[] = [...SEE, 'events.read', 'reader.read'];
const OPERATE: Permission[] = [
  ...SEARCH,
  'integrations.test',
  'runs.start',
  'deliveries.retry',
  'deliveries.skip',
  'redrives.start',
  'reconciliations.start',
  'endpoints.pause',
  'events.resolve',
  'balance.repair',
  'reader.resolve',
  'reader.backfill',
];

/** Ready-made roles, named in the token's `roles`. */
export const ROLES = {
  /** The firm that runs Ponte for its customers. */
  vendor: ALL,
  /** The customer's own administrator: all but what is reserved to the vendor and what is reserved to auditors. */
  admin: ALL.filter(
    (permission) => permission !== 'integrations.write-vendor' && permission !== 'events.read-personal',
  ),
  /** Keeps things flowing; changes no settings and no contents. */
  operator: OPERATE,
  /** Finds out what happened to an event. */
  analyst: SEARCH,
  /** Sees the state of things. */
  viewer: SEE,
  /** Sees everything, unmasked, and proves it; changes nothing. */
  auditor: [...SEARCH, 'events.read-personal', 'credit-analyses.read', 'audit.verify', 'audit.export'],
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof ROLES;

export function isRole(name: unknown): name is Role {
  return typeof name === 'string' && Object.hasOwn(ROLES, name);
}
