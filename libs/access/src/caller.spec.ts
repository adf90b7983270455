import { describe, expect, it } from '@jest/globals';
import { Caller } from './caller.js';
import { isPermission, PERMISSIONS, type Permission } from './permissions.js';
import { ROLES } from './roles.js';
import { claimsToCaller } from './token-claims.js';

const caller = (companies: unknown, roles: unknown = ['viewer']) => claimsToCaller({ sub: 'u-1', roles, companies });
const DEMO_1 = { source: '/erp/demo', company: '1' };

describe('companies of a token', () => {
  it('mean that company of that source, and no other', () => {
    const one = caller(['/erp/demo|1']);
    expect(one.mayTouch('/erp/demo', '1')).toBe(true);
    expect(one.mayTouch('/erp/demo', '10')).toBe(false);
    expect(one.mayTouch('/erp/other', '1')).toBe(false);
  });

  it('mean everything when they are "*"', () => {
    expect(caller(['*']).mayTouch('/erp/any', '99')).toBe(true);
    expect(caller(['*']).territoriesOf('deliveries.read')).toBe('*');
  });

  it('may name one branch, which gives that branch and not its company', () => {
    const branch = caller(['/erp/demo|1|7']);
    expect(branch.may('deliveries.read', { ...DEMO_1, branch: '7' })).toBe(true);
    expect(branch.may('deliveries.read', { ...DEMO_1, branch: '8' })).toBe(false);
    expect(branch.may('deliveries.read', DEMO_1)).toBe(false);
    expect(caller(['/erp/demo|1']).may('deliveries.read', { ...DEMO_1, branch: '7' })).toBe(true);
  });

  it.each([['1'], ['|1'], ['/erp/demo|'], ['/erp/demo|1|'], ['/erp/demo|1|7|x'], ['* '], [7], [null]])(
    'give nothing when they read %p',
    (company) => {
      expect(caller([company]).territoriesOf('deliveries.read')).toEqual([]);
    },
  );

  it('give nothing when they are no list', () => {
    expect(caller('*').may('deliveries.read')).toBe(false);
    expect(caller(['*'], 'vendor').may('deliveries.read')).toBe(false);
  });
});

it('keeps the permissions of one company out of another', () => {
  const grant = (permission: Permission, company: string) => ({
    permissions: new Set([permission]),
    territory: { source: '/erp/demo', company },
  });
  const mixed = new Caller('u-1', 'Ana', [grant('deliveries.read', '1'), grant('deliveries.skip', '2')]);
  expect(mixed.may('deliveries.skip')).toBe(true);
  expect(mixed.may('deliveries.skip', DEMO_1)).toBe(false);
  expect(mixed.territoriesOf('deliveries.skip')).toEqual([{ source: '/erp/demo', company: '2' }]);
});

describe('ready-made roles', () => {
  const may = (role: keyof typeof ROLES, permission: Permission) =>
    (ROLES[role] as readonly Permission[]).includes(permission);

  it('let only the vendor change what is reserved to the vendor', () => {
    const able = (Object.keys(ROLES) as (keyof typeof ROLES)[]).filter((role) =>
      may(role, 'integrations.write-vendor'),
    );
    expect(able).toEqual(['vendor']);
  });

  it('let only vendor and auditor see personal data unmasked', () => {
    const able = (Object.keys(ROLES) as (keyof typeof ROLES)[]).filter((role) => may(role, 'events.read-personal'));
    expect(able).toEqual(['vendor', 'auditor']);
  });

  it('let viewer, analyst and auditor change nothing', () => {
    const changing = Object.keys(PERMISSIONS).filter(
      (name) => !/\.(read|read-personal|verify|export)$/.test(name),
    ) as Permission[];
    for (const role of ['viewer', 'analyst', 'auditor'] as const) {
      expect(changing.filter((permission) => may(role, permission))).toEqual([]);
    }
  });

  it('name permissions of the catalogue only', () => {
    expect(
      Object.values(ROLES)
        .flat()
        .filter((name) => !isPermission(name)),
    ).toEqual([]);
  });
});
