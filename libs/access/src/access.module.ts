import { Injectable, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { Clock } from '#libs/runtime';
import { readTokenRules, type AccessVariables } from './access-environment.js';
import { AccessGuard } from './access.guard.js';
import { requireSaidAccess } from './route-audit.js';
import { TokenVerifier } from './token-verifier.js';

/** Closes every route of the app that imports it; the app does not start while a route says nothing about access. */
export class AccessModule {
  static for(environment: AccessVariables): DynamicModule {
    return {
      module: AccessModule,
      imports: [DiscoveryModule],
      providers: [
        {
          provide: TokenVerifier,
          inject: [Clock],
          useFactory: (clock: Clock) => new TokenVerifier(readTokenRules(environment), clock),
        },
        { provide: APP_GUARD, useClass: AccessGuard },
        RouteAudit,
      ],
    };
  }
}

@Injectable()
class RouteAudit implements OnModuleInit {
  constructor(private readonly discovery: DiscoveryService) {}

  onModuleInit(): void {
    requireSaidAccess(this.discovery);
  }
}
