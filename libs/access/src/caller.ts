import { notFound, Problem } from '#libs/runtime';
import type { Permission } from './permissions.js';

/** Whose data: a company of a source, or one branch of it. Company "1" exists in every ERP, hence the source. */
export interface Territory {
  source: string;
  company: string;
  branch?: string;
}

/** Some permissions on some territory; `'*'` is everywhere. */
export interface Grant {
  permissions: ReadonlySet<Permission>;
  territory: Territory | '*';
}

/** Who asks, and what for which company that person or program may do. */
export class Caller {
  constructor(
    /** The token's `sub`: stable, what history and audit record. */
    readonly id: string,
    readonly name: string,
    private readonly grants: readonly Grant[],
  ) {}

  /** Without a territory: somewhere at all, which is what a route asks; with one: there, which is what its data asks. */
  may(permission: Permission, on?: Territory): boolean {
    return this.grants.some((grant) => grant.permissions.has(permission) && (!on || covers(grant, on)));
  }

  /** Anything at all there. */
  mayTouch(source: string, company: string, branch?: string): boolean {
    return this.grants.some((grant) => grant.permissions.size > 0 && covers(grant, { source, company, branch }));
  }

  /** The ERPs in which the caller has to do with a company of this code; '*' for who may go everywhere. */
  sourcesOf(company: string): readonly string[] | '*' {
    const granting = this.grants.filter(({ permissions }) => permissions.size > 0);
    if (granting.some(({ territory }) => territory === '*')) return '*';
    const own = granting.map(({ territory }) => territory as Territory).filter((one) => one.company === company);
    return [...new Set(own.map(({ source }) => source))];
  }

  /** Where the permission holds, for the `where` of a list. */
  territoriesOf(permission: Permission): readonly Territory[] | '*' {
    const granting = this.grants.filter((grant) => grant.permissions.has(permission));
    if (granting.some((grant) => grant.territory === '*')) return '*';
    return granting.map((grant) => grant.territory as Territory);
  }

  /**
   * @throws Problem 404 `not-found` for a company the caller has nothing to do with, so that nobody learns what exists
   * there; Problem 403 `missing-permission` where the caller may do other things.
   */
  require(permission: Permission, on: Territory): void {
    if (this.may(permission, on)) return;
    if (!this.mayTouch(on.source, on.company, on.branch))
      throw notFound('There is no such thing, or it belongs to somebody else.');
    throw missingPermission(permission);
  }
}

export function missingPermission(permission: Permission): Problem {
  return new Problem({ type: 'missing-permission', status: 403, detail: `This needs the permission "${permission}".` });
}

/** A grant on a company covers its branches; a grant on a branch covers that branch alone. */
function covers({ territory }: Grant, on: Territory): boolean {
  if (territory === '*') return true;
  if (territory.source !== on.source || territory.company !== on.company) return false;
  return territory.branch === undefined || territory.branch === on.branch;
}
