import { startApp } from '#libs/runtime';
import { TopicServer } from '#libs/broker';
import { CustomerXModule, CustomerXEnvironment } from './customerx.module.js';

await startApp({
  name: 'customerx-connector',
  environment: CustomerXEnvironment,
  module: (environment) => CustomerXModule.for(environment),
  microservice: (app) => app.get(TopicServer),
});
