import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Clock, HealthIndicators, StartRefused } from '#libs/runtime';
import { ErpController } from './erp.controller.js';
import { ErpHeart } from './erp-heart.js';
import { Erp } from './erp.js';
import { RegistersController } from './registers.controller.js';

@Module({})
export class ErpModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly heart: ErpHeart;

  constructor(
    @Inject(Erp) private readonly erp: Erp,
    health: HealthIndicators,
    clock: Clock,
  ) {
    this.heart = new ErpHeart(erp, clock);
    health.registerReadiness('erp-database', () => erp.ping());
  }

  static on(databaseUrl: string): DynamicModule {
    return {
      module: ErpModule,
      controllers: [ErpController, RegistersController],
      providers: [{ provide: Erp, useFactory: () => openErp(databaseUrl) }],
      exports: [Erp],
    };
  }

  onApplicationBootstrap(): void {
    this.heart.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.heart.stop();
    await this.erp.close();
  }
}

async function openErp(databaseUrl: string): Promise<Erp> {
  try {
    return await Erp.open(databaseUrl);
  } catch (error) {
    throw new StartRefused(`the ERP database cannot be used: ${(error as Error).message}; check ERP_DATABASE_URL`, {
      cause: error,
    });
  }
}
