import { Logger } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { PING } from './database.sql.js';
import type { HealthIndicators } from './health-indicators.js';
import type { Metrics } from './metrics.js';

/** Keeps the app alive when the database goes, says so in readiness, and shows how the pool is used. */
export class DatabaseWatch {
  private readonly logger = new Logger('Database');
  private readonly listenedTo = new WeakSet<PoolClient>();

  constructor(name: string, pool: Pool, health: HealthIndicators, metrics: Metrics) {
    this.surviveLostConnections(pool);
    health.registerReadiness(name, async () => void (await pool.query(PING)));
    const connections = metrics.gauge('ponte_database_connections', 'Connections of the pool by use', [
      'database',
      'state',
    ]);
    metrics.onScrape(`pool:${name}`, () => {
      connections.set(pool.totalCount - pool.idleCount, { database: name, state: 'busy' });
      connections.set(pool.idleCount, { database: name, state: 'idle' });
      connections.set(pool.waitingCount, { database: name, state: 'waited-for' });
    });
  }

  /** A connection lost while somebody holds it emits `error`; without a listener that ends the process. */
  private surviveLostConnections(pool: Pool): void {
    pool.on('acquire', (client) => {
      if (this.listenedTo.has(client)) return;
      this.listenedTo.add(client);
      client.on('error', (error) => this.logger.warn(`a connection in use was lost: ${error.message}`));
    });
  }
}
