export { startChildApp, type ChildApp, type ChildAppOptions } from './child-app.js';
export { endOfRun } from './end-of-run.js';
export { eventually } from './eventually.js';
export { freePort } from './free-port.js';
export { KeptPlans } from './kept-plans.js';
export { privateDatabase, type PrivateDatabase, type PrivateDatabaseOptions } from './private-database.js';
export { privateVhost, type PrivateVhost } from './private-vhost.js';
export { sharedData } from './shared-data.js';
export { newTestRun } from './test-run.js';
export { findTestStack, type TestStack } from './test-stack.js';

export { isEven, weigh, type CommittedEvent, type ParkedItem, type TakenCall, type Verdict } from './conservation.js';
