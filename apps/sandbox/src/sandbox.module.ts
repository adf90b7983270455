import type { IncomingMessage, ServerResponse } from 'node:http';
import { Module, type BeforeApplicationShutdown, type DynamicModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Clock, type AppOptions } from '#libs/runtime';
import { ControlController } from './control.controller.js';
import { CustomerX } from './customerx/customerx.js';
import { CustomerXControlController } from './customerx/customerx-control.controller.js';
import { CustomerXSettings } from './customerx/customerx-settings.js';
import { Deps } from './deps/deps.js';
import { DepsControlController } from './deps/deps-control.controller.js';
import { ErpModule } from './erp/erp.module.js';
import { FrontPageController } from './front-page.controller.js';
import { createCustomerX, createDeps, Partners } from './partners.js';
import { SandboxEnvironment } from './sandbox-environment.js';
import { SANDBOX_NOTICE } from './sandbox-notice.js';

const CUSTOMERX = Symbol('a CustomerX and its door');
const DEPS = Symbol('a DEPS and its door');

/** The world outside: an ERP on its own database, and the partners. */
@Module({})
export class SandboxModule implements BeforeApplicationShutdown {
  constructor(
    { httpAdapter }: HttpAdapterHost,
    private readonly partners: Partners,
  ) {
    // Ahead of everything Nest adds when it starts: a partner reads its own bodies and may leave a socket hanging.
    httpAdapter.use((incoming: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => {
      const door = partners.owning(incoming.url!);
      if (door) return void door.handle(incoming, response).catch(next);
      for (const [name, value] of Object.entries(SANDBOX_NOTICE)) response.setHeader(name, value);
      next();
    });
  }

  static for(environment: SandboxEnvironment): DynamicModule {
    const settings = Object.assign(new CustomerXSettings(), {
      rateLimitPerMinute: environment.CUSTOMERX_RATE_LIMIT_PER_MINUTE,
    });
    const callLogCapacity = environment.CALL_LOG_CAPACITY;
    type CreatedCustomerX = ReturnType<typeof createCustomerX>;
    type CreatedDeps = ReturnType<typeof createDeps>;
    const openDoors = ({ door }: CreatedCustomerX, deps: CreatedDeps) => new Partners([door, deps.door]);
    return {
      module: SandboxModule,
      imports: [ErpModule.on(environment.ERP_DATABASE_URL)],
      controllers: [FrontPageController, ControlController, CustomerXControlController, DepsControlController],
      providers: [
        {
          provide: CUSTOMERX,
          inject: [Clock],
          useFactory: (clock: Clock) => createCustomerX({ clock, callLogCapacity, settings }),
        },
        { provide: DEPS, inject: [Clock], useFactory: (clock: Clock) => createDeps({ clock, callLogCapacity }) },
        { provide: CustomerX, inject: [CUSTOMERX], useFactory: ({ customerx }: CreatedCustomerX) => customerx },
        { provide: Deps, inject: [DEPS], useFactory: ({ deps }: CreatedDeps) => deps },
        { provide: Partners, inject: [CUSTOMERX, DEPS], useFactory: openDoors },
      ],
    };
  }

  beforeApplicationShutdown(): void {
    this.partners.close();
  }
}

export const SANDBOX_APP: AppOptions<SandboxEnvironment> = {
  name: 'sandbox',
  environment: SandboxEnvironment,
  module: (environment) => SandboxModule.for(environment),
};
