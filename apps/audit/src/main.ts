import 'reflect-metadata';
import { startApp } from '#libs/runtime';
import { TopicServer } from '#libs/broker';
import { AuditEnvironment } from './audit-environment.js';
import { AuditModule } from './audit.module.js';

await startApp({
  name: 'audit',
  environment: AuditEnvironment,
  module: (environment) => AuditModule.for(environment),
  microservice: (app) => app.get(TopicServer),
});
