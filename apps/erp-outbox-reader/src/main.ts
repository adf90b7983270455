import { startApp } from '#libs/runtime';
import { ReaderEnvironment } from './reader-environment.js';
import { ReaderModule } from './reader.module.js';

await startApp({
  name: 'erp-outbox-reader',
  environment: ReaderEnvironment,
  module: (environment) => ReaderModule.for(environment),
});
