export { startChildApp, type ChildApp, type ChildAppOptions } from './child-app.js';
export { eventually } from './eventually.js';
export { freePort } from './free-port.js';
export { privateDatabase, type PrivateDatabase, type PrivateDatabaseOptions } from './private-database.js';
export { privateVhost, type PrivateVhost } from './private-vhost.js';
export { sharedData } from './shared-data.js';
export { findTestStack, type TestStack } from './test-stack.js';
