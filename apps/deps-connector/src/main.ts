import { TopicServer } from '#libs/broker';
import { startApp } from '#libs/runtime';
import { DepsEnvironment, DepsModule } from './deps.module.js';

await startApp({
  name: 'deps-connector',
  environment: DepsEnvironment,
  module: (environment) => DepsModule.for(environment),
  microservice: (app) => app.get(TopicServer),
});
