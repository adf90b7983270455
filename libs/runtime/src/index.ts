export { startApp } from './start-app.js';
export { openApp, type AppOptions, type RunningApp } from './open-app.js';
export { StartRefused } from './start-refused.js';
export {
  AppEnvironment,
  EnvironmentError,
  readEnvironment,
  withBroker,
  withDatabase,
  type EnvironmentClass,
  type Variables,
} from './environment.js';
export { IsSecret, IsUrlOf, SecretVariable } from './environment-decorators.js';
export { processVariables } from './env-file.js';
export { armFaultPoint, FAULT_POINTS, faultPoint, FaultPointReached, type FaultPointName } from './fault-point.js';
export { Secret } from './secret.js';
export { APP_NAME, RuntimeModule } from './runtime.module.js';
export { Clock, SystemClock } from './clock.js';
export { ManualClock } from './manual-clock.js';
export { Metrics, type Counter, type Gauge, type Histogram, type Labels } from './metrics.js';
export { HealthIndicators, type HealthCheck } from './health-indicators.js';
export { invalidRequest, notFound, Problem, type ProblemDetails, type ProblemError } from './problem.js';
export { ProblemDetailsFilter } from './problem-details.filter.js';
export { createValidationPipe, toProblemErrors } from './validation-pipe.js';
export { Documented, type RouteDocumentation } from './documented.js';
export { traceIdOfRequest } from './request-trace.js';
export {
  cursorPage,
  DEFAULT_PAGE_LIMIT,
  MAX_PAGE_LIMIT,
  PageQuery,
  readCursor,
  writeCursor,
  type CursorKey,
  type CursorPart,
  type Page,
} from './cursor-page.js';
export {
  childTraceparent,
  formatTraceparent,
  newTraceparent,
  parseTraceparent,
  traceIdOf,
  type TraceContext,
} from './traceparent.js';
export { maskEchoes, maskFields, maskLine, maskWords } from './log-masking.js';
export { databaseModule, poolToken, type DatabaseOptions } from './database.module.js';
export { connectionSettings, type ConnectionWish } from './connection-settings.js';
export { prepared, type Prepared } from './prepared.js';
export { migrate, type MigrationClass } from './migrate.js';
export { poolOf } from './pool-of.js';
export { CommitUnknown, inTransaction, sqlStateOf } from './in-transaction.js';
