import type { DynamicModule } from '@nestjs/common';
import { ConnectorEnvironment, ConnectorModule } from '#libs/connector-kit';
import { DepsApi } from './deps.api.js';
import { DepsConnector } from './deps.connector.js';

export class DepsEnvironment extends ConnectorEnvironment {
  override HTTP_PORT: number = 4106;
  override OPS_PORT: number = 4206;
}

export class DepsModule {
  static for(environment: DepsEnvironment): DynamicModule {
    return ConnectorModule.for(environment, { connector: DepsConnector, providers: [DepsApi] });
  }
}
