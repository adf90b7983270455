import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { BEGIN, COMMIT, ROLLBACK } from './database.sql.js';

/** A commit was sent and no answer came, or the server rolled back instead: the caller must look before it repeats. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
}

/**
 * Runs `work` in one READ COMMITTED transaction on one connection: commits what it returns, rolls back what it throws.
 * A connection that failed other than by a statement's own error is destroyed, never handed to somebody else.
 * @throws what `work` throws; `CommitUnknown` when the outcome of the commit is not known
 */
export async function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let result: T;
  try {
    await client.query(BEGIN);
    result = await work(client);
  } catch (error) {
    await rollBack(client, error);
    throw error;
  }
  await commit(client);
  return result;
}

/** The SQLSTATE of what the server refused or ended (class 57P: it ended us); undefined for a network, a timeout of ours, a bug. */
export function sqlStateOf(error: unknown): string | undefined {
  return error instanceof DatabaseError ? error.code : undefined;
}

/** A prepared statement whose answer has other columns since a migration, or that the connection does not know: it would fail for ever. */
const PREPARED_IS_OVER: ReadonlySet<string> = new Set(['0A000', '26000']);

async function rollBack(client: PoolClient, cause: unknown): Promise<void> {
  try {
    await client.query(ROLLBACK);
    client.release(PREPARED_IS_OVER.has(sqlStateOf(cause) ?? ''));
  } catch {
    client.release(cause instanceof Error ? cause : true);
  }
}

/** A deferred constraint, a serialisation failure, an error raised in a trigger; a server that goes down mid-commit is none of them. */
const DEFINITELY_NOT_COMMITTED = /^(22|23|25|40(?!003)|P0)/;

async function commit(client: PoolClient): Promise<void> {
  let answer: string;
  try {
    answer = (await client.query(COMMIT)).command;
  } catch (error) {
    client.release(true);
    if (DEFINITELY_NOT_COMMITTED.test(sqlStateOf(error) ?? '')) throw error;
    throw new CommitUnknown('the connection was lost while committing', { cause: error });
  }
  client.release();
  // A failed statement whose error `work` swallowed: the server answers COMMIT with ROLLBACK and no error.
  if (answer !== 'COMMIT')
    throw new Error('the transaction was rolled back by the server: a failed statement was ignored in it');
}
