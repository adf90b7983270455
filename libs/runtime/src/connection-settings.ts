import type { ClientConfig } from 'pg';

export interface ConnectionWish {
  url: string;
  schema: string;
  applicationName: string;
  /** The server cancels a statement after this; 0 lets it run. 30 s unless said otherwise. */
  statementTimeoutMs?: number;
  /** The server ends a transaction its client has forgotten. 10 s unless said otherwise. */
  idleInTransactionTimeoutMs?: number;
}

const SCHEMA_NAME = /^[a-z_][a-z0-9_]{0,62}$/;
const NETWORK_MARGIN_MS = 10_000;

/**
 * How every connection of Ponte is opened: only its own schema is on the path, nothing waits without an end,
 * and both sides notice a peer that vanished (about 25 s) so its locks do not outlive it.
 */
export function connectionSettings(wish: ConnectionWish): ClientConfig {
  if (!SCHEMA_NAME.test(wish.schema)) throw new Error(`"${wish.schema}" is not a schema name Ponte accepts`);
  const { statementTimeoutMs = 30_000, idleInTransactionTimeoutMs = 10_000 } = wish;
  return {
    connectionString: wish.url,
    application_name: wish.applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementTimeoutMs,
    // A statement whose answer the network swallowed: the server's own timeout cannot reach us.
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + NETWORK_MARGIN_MS }),
    idle_in_transaction_session_timeout: idleInTransactionTimeoutMs,
    options: [
      `-c search_path=${wish.schema}`,
      '-c tcp_keepalives_idle=10',
      '-c tcp_keepalives_interval=5',
      '-c tcp_keepalives_count=3',
      '-c tcp_user_timeout=25000',
      '-c client_connection_check_interval=5000',
    ].join(' '),
  };
}
