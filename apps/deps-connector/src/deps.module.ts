import type { DynamicModule } from '@nestjs/common';
import { ConnectorModule } from '#libs/connector-kit';
import { CreditEnvironment, creditParts } from '#libs/credit';
import { DepsApi } from './deps.api.js';
import { DepsConnector } from './deps.connector.js';
import { DepsBureau } from './deps.credit.js';
import { DepsProductsController } from './deps.products.controller.js';

export class DepsEnvironment extends CreditEnvironment {
  override HTTP_PORT: number = 4106;
  override OPS_PORT: number = 4206;
}

export class DepsModule {
  static for(environment: DepsEnvironment): DynamicModule {
    const connector = DepsConnector;
    const { providers, controllers, migrations } = creditParts({ environment, connector, partner: DepsBureau });
    return ConnectorModule.for(environment, {
      connector,
      providers: [DepsApi, ...providers],
      controllers: [DepsProductsController, ...controllers],
      migrations,
    });
  }
}
