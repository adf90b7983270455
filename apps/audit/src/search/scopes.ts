import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';
import type { Caller, Permission, Territory } from '#libs/access';
import { Problem } from '#libs/runtime';
import type { Company } from '../keys/blind-index.js';
import { SELECT_COMPANIES } from './search.sql.js';

/** Where a search may look: a company, or one branch of it. */
export interface Scope extends Company {
  branch?: string;
}

/** What a caller asked for, as far as it was said. */
export interface Wish {
  source?: string;
  company?: string;
  branch?: string;
}

const MOST_COMPANIES = 500;

/** Every search looks into named companies: what a caller may not see is never read. */
@Injectable()
export class Scopes {
  constructor(private readonly pool: Pool) {}

  /**
   * What the caller may see of what was asked for; nothing is an empty list where no company was named.
   * @throws Problem 404 or 403 for a named company the caller may not see; 400 when there are too many to look into
   */
  async of(caller: Caller, permission: Permission, wish: Wish): Promise<Scope[]> {
    const territories = caller.territoriesOf(permission);
    const allowed = territories === '*' ? await this.known(wish) : territories.map(toScope);
    const scopes = withoutOverlaps(allowed.flatMap((scope) => within(scope, wish)));
    if (scopes.length === 0 && wish.source !== undefined && wish.company !== undefined) {
      caller.require(permission, { source: wish.source, company: wish.company, branch: wish.branch });
    }
    if (scopes.length > MOST_COMPANIES) throw tooManyCompanies();
    return scopes;
  }

  private async known({ source, company }: Wish): Promise<Scope[]> {
    if (source !== undefined && company !== undefined) return [{ owner: source, company }];
    const wish = [source ?? null, company ?? null, MOST_COMPANIES + 1];
    return (await this.pool.query<Company>(SELECT_COMPANIES, wish)).rows;
  }
}

function toScope({ source, company, branch }: Territory): Scope {
  return { owner: source, company, branch };
}

function within(scope: Scope, { source, company, branch }: Wish): Scope[] {
  const asked =
    (source === undefined || scope.owner === source) &&
    (company === undefined || scope.company === company) &&
    (branch === undefined || scope.branch === undefined || scope.branch === branch);
  return asked ? [{ ...scope, branch: scope.branch ?? branch }] : [];
}

/** A branch of a company that is there as a whole would show its entries twice. */
function withoutOverlaps(scopes: Scope[]): Scope[] {
  const whole = new Set(scopes.filter(({ branch }) => branch === undefined).map(companyName));
  const distinct = new Map(scopes.map((scope) => [`${companyName(scope)}|${scope.branch ?? ''}`, scope]));
  return [...distinct.values()].filter((scope) => scope.branch === undefined || !whole.has(companyName(scope)));
}

function companyName({ owner, company }: Company): string {
  return `${owner}|${company}`;
}

function tooManyCompanies(): Problem {
  const detail = `More than ${MOST_COMPANIES} companies would be searched: name source and company.`;
  return new Problem({ type: 'too-many-companies', status: 400, detail });
}
