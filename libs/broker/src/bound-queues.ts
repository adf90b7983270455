import type { BrokerManagement } from './management.js';

/**
 * Which of these queues an event published to the exchange would pass by.
 * @returns one sentence per queue that is missing or not bound; empty when all are bound
 * @throws ManagementError when the management API cannot be asked
 */
export async function auditBoundQueues(
  management: BrokerManagement,
  exchange: string,
  queues: readonly string[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const queue of queues) {
    const bindings = (await management.bindingsOfQueue(queue)) ?? [];
    if (bindings.some(({ source }) => source === exchange)) continue;
    problems.push(`queue "${queue}" is not bound to "${exchange}": start the app that owns it, which binds it`);
  }
  return problems;
}
