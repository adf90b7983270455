import { Injectable, type DynamicModule, type OnModuleInit, type Provider } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { Pool } from 'pg';
import { Clock } from '#libs/runtime';
import { AccessGroups1764110000000 } from './access-group.migration.js';
import { AccessController } from './access.controller.js';
import { readTokenRules, type AccessVariables } from './access-environment.js';
import { AccessGroups } from './access-groups.js';
import { AccessGuard } from './access.guard.js';
import { GroupGrants } from './group-grants.js';
import { requireSaidAccess } from './route-audit.js';
import { TokenVerifier } from './token-verifier.js';

/** What an app with groups adds to its own `databaseModule`. */
export const ACCESS_MIGRATIONS = [AccessGroups1764110000000];

/** Closes every route of the app that imports it; the app does not start while a route says nothing about access. */
export class AccessModule {
  /** Ready-made roles alone: groups in a token give nothing. */
  static for(environment: AccessVariables): DynamicModule {
    return closed([
      {
        provide: TokenVerifier,
        inject: [Clock],
        useFactory: (clock: Clock) => new TokenVerifier(readTokenRules(environment), clock),
      },
    ]);
  }

  /** And what the groups of a token may do, as `/access/groups` says: kept in the app's own schema. */
  static withGroups(environment: AccessVariables): DynamicModule {
    const parts: Provider[] = [
      {
        provide: GroupGrants,
        inject: [Pool, Clock],
        useFactory: (pool: Pool, clock: Clock) => new GroupGrants(pool, clock),
      },
      {
        provide: AccessGroups,
        inject: [Pool, Clock],
        useFactory: (pool: Pool, clock: Clock) => new AccessGroups(pool, clock),
      },
      {
        provide: TokenVerifier,
        inject: [Clock, GroupGrants],
        useFactory: (clock: Clock, grants: GroupGrants) =>
          new TokenVerifier(readTokenRules(environment), clock, (names) => grants.of(names)),
      },
    ];
    return { ...closed(parts), controllers: [AccessController] };
  }
}

function closed(parts: Provider[]): DynamicModule {
  return {
    module: AccessModule,
    imports: [DiscoveryModule],
    providers: [...parts, { provide: APP_GUARD, useClass: AccessGuard }, RouteAudit],
  };
}

@Injectable()
class RouteAudit implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    requireSaidAccess(this.discovery);
  }
}
