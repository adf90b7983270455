import { setTimeout as delay } from 'node:timers/promises';
import { ManagementError, type BrokerManagement } from './management.js';
import { policyOf, QUEUE_ARGUMENTS, type PolicyDefinition, type QueueTopology, type Topology } from './topology.js';

/** The topology on the broker would lose, drop or reorder messages; each problem is a sentence to act on. */
export class UnsafeTopology extends Error {
  override readonly name = 'UnsafeTopology';
  constructor(readonly problems: string[]) {
    super(`the broker's topology is not safe to work on:\n- ${problems.join('\n- ')}`);
  }
}

const POLICY_WAIT_MS = 10_000;
const POLICY_POLL_MS = 250;

/** Sets the policy of each queue where it differs; without the right to, the audit that follows says what to run. */
export async function applyPolicies(management: BrokerManagement, topology: Topology): Promise<void> {
  for (const queue of topology.queues) {
    const wanted = policyOf(queue);
    const standing = await management.policy(queue.name);
    if (standing && missingFromPolicy(wanted, standing.definition).length === 0) continue;
    try {
      await management.setPolicy(queue.name, `^${queue.name.replaceAll('.', '\\.')}$`, wanted);
    } catch (error) {
      if (error instanceof ManagementError && [401, 403].includes(error.status)) continue;
      throw error;
    }
  }
}

/**
 * Looks at what stands on the broker.
 * @returns one sentence per problem, naming what to change; empty when it is safe
 * @throws ManagementError when the management API cannot be asked
 */
export async function auditTopology(management: BrokerManagement, topology: Topology): Promise<string[]> {
  const problems: string[] = [];
  for (const exchange of topology.exchanges) problems.push(...(await auditExchange(management, exchange)));
  for (const queue of topology.queues) problems.push(...(await auditQueue(management, queue)));
  return problems;
}

/** As `auditTopology`, giving a fresh policy the seconds the broker takes to report it. @throws UnsafeTopology */
export async function requireSafeTopology(management: BrokerManagement, topology: Topology): Promise<void> {
  const giveUpAt = performance.now() + POLICY_WAIT_MS;
  for (;;) {
    const problems = await auditTopology(management, topology);
    if (problems.length === 0) return;
    if (performance.now() > giveUpAt) throw new UnsafeTopology(problems);
    await delay(POLICY_POLL_MS);
  }
}

async function auditExchange(management: BrokerManagement, name: string): Promise<string[]> {
  const exchange = await management.exchange(name);
  if (!exchange) return [`exchange "${name}" is missing: declare it as a durable topic exchange`];
  const problems: string[] = [];
  if (exchange.type !== 'topic')
    problems.push(`exchange "${name}" is of type ${exchange.type}: delete it, it must be a topic exchange`);
  if (!exchange.durable) problems.push(`exchange "${name}" is not durable: delete it and declare it durable`);
  const alternate = exchange.arguments['alternate-exchange'] ?? (await alternateByPolicy(management, exchange.policy));
  if (alternate) {
    problems.push(
      `exchange "${name}" has the alternate exchange "${String(alternate)}": remove it, or what nobody takes is never returned`,
    );
  }
  return problems;
}

async function alternateByPolicy(management: BrokerManagement, policy?: string): Promise<unknown> {
  if (!policy) return undefined;
  return (await management.policy(policy))?.definition['alternate-exchange'];
}

async function auditQueue(management: BrokerManagement, wanted: QueueTopology): Promise<string[]> {
  const queue = await management.queue(wanted.name);
  if (!queue) return [`queue "${wanted.name}" is missing: declare it as a quorum queue with a single active consumer`];
  const problems: string[] = [];
  if (queue.type !== 'quorum') {
    problems.push(
      `queue "${wanted.name}" is of type ${queue.type}: drain it, delete it and let the app declare it as quorum`,
    );
  }
  for (const [argument, value] of Object.entries(QUEUE_ARGUMENTS)) {
    if (queue.arguments[argument] === value) continue;
    problems.push(
      `queue "${wanted.name}" lacks the argument ${argument}=${value}: drain it, delete it and let the app declare it`,
    );
  }
  const policy = Array.isArray(queue.effective_policy_definition) ? {} : (queue.effective_policy_definition ?? {});
  const missing = missingFromPolicy(policyOf(wanted), policy);
  if (missing.length > 0) {
    problems.push(
      `queue "${wanted.name}" has no policy for ${missing.join(', ')}: run ${policyCommand(management.vhost, wanted)}`,
    );
  }
  return [...problems, ...(await auditBindings(management, wanted))];
}

async function auditBindings(management: BrokerManagement, wanted: QueueTopology): Promise<string[]> {
  const standing = (await management.bindingsOfQueue(wanted.name)) ?? [];
  return wanted.bindings
    .filter(({ exchange, pattern }) => !standing.some((b) => b.source === exchange && b.routing_key === pattern))
    .map(
      ({ exchange, pattern }) =>
        `queue "${wanted.name}" is not bound to "${exchange}" with "${pattern}": bind it, or its events pass it by`,
    );
}

function missingFromPolicy(wanted: PolicyDefinition, standing: Record<string, unknown>): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => standing[key] !== value)
    .map(([key, value]) => `${key}=${value}`);
}

function policyCommand(vhost: string, queue: QueueTopology): string {
  const pattern = `^${queue.name.replaceAll('.', '\\.')}$`;
  return `rabbitmqctl set_policy -p ${vhost} --apply-to queues --priority 10 ${queue.name} '${pattern}' '${JSON.stringify(policyOf(queue))}'`;
}
