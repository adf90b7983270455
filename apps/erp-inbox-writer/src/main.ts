import 'reflect-metadata';
import { TopicServer } from '#libs/broker';
import { startApp } from '#libs/runtime';
import { InboxEnvironment } from './inbox-environment.js';
import { InboxModule } from './inbox.module.js';

await startApp({
  name: 'erp-inbox-writer',
  environment: InboxEnvironment,
  module: (environment) => InboxModule.for(environment),
  microservice: (app) => app.get(TopicServer),
});
