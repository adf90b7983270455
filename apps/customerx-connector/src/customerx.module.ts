import type { DynamicModule } from '@nestjs/common';
import { ConnectorEnvironment, ConnectorModule } from '#libs/connector-kit';
import { CustomerXApi } from './customerx.api.js';
import { CustomerXClientsController } from './customerx.clients.controller.js';
import { CustomerXConnector } from './customerx.connector.js';
import { CustomerXTracker } from './customerx.tracker.js';

export class CustomerXEnvironment extends ConnectorEnvironment {
  override HTTP_PORT: number = 4102;
  override OPS_PORT: number = 4202;
}

export class CustomerXModule {
  static for(environment: CustomerXEnvironment): DynamicModule {
    return ConnectorModule.for(environment, {
      connector: CustomerXConnector,
      providers: [CustomerXApi, CustomerXTracker],
      controllers: [CustomerXClientsController],
    });
  }
}
