import { Logger, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { Pool } from 'pg';
import { DataSource, type EntityTarget } from 'typeorm';
import { connectionSettings } from './connection-settings.js';
import { DatabaseWatch } from './database-watch.js';
import { HealthIndicators } from './health-indicators.js';
import { Metrics } from './metrics.js';
import { migrate, type MigrationClass } from './migrate.js';
import { poolOf } from './pool-of.js';
import { TypeOrmLog } from './typeorm-log.js';

export interface DatabaseOptions {
  url: string;
  /** Owned by this app: created, migrated and the only one on the search path. */
  schema: string;
  /** None: the database is somebody else's, and nothing is created or migrated in it. */
  migrations: readonly MigrationClass[];
  entities?: readonly (new () => object)[];
  /** Shown in pg_stat_activity. */
  applicationName?: string;
  /** A second database of the same app: inject it with `@InjectDataSource(name)` and `@Inject(poolToken(name))`. */
  name?: string;
  poolSize?: number;
  statementTimeoutMs?: number;
  idleInTransactionTimeoutMs?: number;
}

const START_RETRIES = 20;
const START_RETRY_MS = 1_500;

/** Injection token of the pg pool: the class `Pool` itself for the app's own database. */
export function poolToken(name?: string): typeof Pool | string {
  return name === undefined ? Pool : `pool:${name}`;
}

/**
 * A migrated TypeORM DataSource, its repositories, the pg pool beneath, a readiness check and pool metrics.
 * Start waits half a minute for a database that is not there yet; afterwards a lost database makes the app
 * unready, never dead, and it comes back by itself.
 */
export function databaseModule(options: DatabaseOptions): DynamicModule {
  const { name } = options;
  const dataSourceToken = getDataSourceToken(name) as string | typeof DataSource;
  const entities = [...(options.entities ?? [])];
  const features = TypeOrmModule.forFeature(entities, name);
  const root = TypeOrmModule.forRootAsync({
    name,
    useFactory: () => ({
      ...dataSourceOptions(options, entities),
      retryAttempts: START_RETRIES,
      retryDelay: START_RETRY_MS,
      toRetry: isUnreachable,
    }),
    dataSourceFactory: () => openDataSource(options, entities),
  });
  return {
    module: class DatabaseModule {},
    global: true,
    imports: [root, features],
    providers: [
      { provide: poolToken(name), inject: [dataSourceToken], useFactory: poolOf },
      {
        provide: `database-watch:${name ?? 'own'}`,
        inject: [poolToken(name), HealthIndicators, Metrics],
        useFactory: (pool: Pool, health: HealthIndicators, metrics: Metrics) =>
          new DatabaseWatch(name ?? 'database', pool, health, metrics),
      },
    ],
    exports: [root, features, poolToken(name)],
  };
}

function dataSourceOptions(options: DatabaseOptions, entities: EntityTarget<object>[]) {
  const applicationName = options.applicationName ?? `ponte-${options.schema}`;
  return {
    type: 'postgres' as const,
    schema: options.schema,
    entities: entities as (new () => object)[],
    installExtensions: false,
    logger: new TypeOrmLog(),
    poolErrorHandler: (error: Error) => new Logger('Database').warn(`an idle connection was lost: ${error.message}`),
    extra: { ...connectionSettings({ ...options, applicationName }), max: options.poolSize ?? 10 },
  };
}

async function openDataSource(options: DatabaseOptions, entities: EntityTarget<object>[]): Promise<DataSource> {
  if (options.migrations.length > 0) await migrate(options.url, options.schema, options.migrations);
  return new DataSource(dataSourceOptions(options, entities)).initialize();
}

/** Only what time can heal is retried: a wrong password or a failed migration refuses the start at once. */
function isUnreachable(error: unknown): boolean {
  const code = (error as { code?: string } | null)?.code ?? '';
  return (
    ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03', '57P01', '53300'].includes(code) ||
    /timeout|terminated/i.test((error as Error)?.message ?? '')
  );
}
