import { setTimeout as delay } from 'node:timers/promises';
import { effectivePolicy } from './effective-policy.js';
import { ManagementError, type BrokerManagement, type QueueReport } from './management.js';
import { policyOf, QUEUE_ARGUMENTS, type PolicyDefinition, type QueueTopology, type Topology } from './topology.js';

/** The topology on the broker would lose, drop or reorder messages; each problem is a sentence to act on. */
export class UnsafeTopology extends Error {
  override readonly name = 'UnsafeTopology';
  constructor(readonly problems: string[]) {
    super(`the broker's topology is not safe to work on:\n- ${problems.join('\n- ')}`);
  }
}

interface Finding {
  sentence: string;
  /** Seconds may heal it: the management API is still starting. */
  mayPass?: true;
}

const WAIT_MS = 10_000;
const POLL_MS = 250;

/** Sets the policy of each queue where it differs; without the right to, the audit that follows says what to run. */
export async function applyPolicies(management: BrokerManagement, topology: Topology): Promise<void> {
  for (const queue of topology.queues) {
    const wanted = policyOf(queue);
    try {
      const standing = await management.policy(queue.name);
      if (standing && missingFromPolicy(wanted, standing.definition).length === 0) continue;
      await management.setPolicy(queue.name, patternOf(queue), wanted);
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
  return (await findProblems(management, topology)).map(({ sentence }) => sentence);
}

/**
 * Sets the policies and audits; what may heal by itself is given `waitMs`, anything else is refused at once.
 * @throws UnsafeTopology
 */
export async function requireSafeTopology(
  management: BrokerManagement,
  topology: Topology,
  waitMs = WAIT_MS,
): Promise<void> {
  const giveUpAt = performance.now() + waitMs;
  for (;;) {
    const findings = await prepareAndAudit(management, topology);
    if (findings.length === 0) return;
    const isFinal = performance.now() > giveUpAt || findings.some(({ mayPass }) => !mayPass);
    if (isFinal) throw new UnsafeTopology(findings.map(({ sentence }) => sentence));
    await delay(POLL_MS);
  }
}

async function prepareAndAudit(management: BrokerManagement, topology: Topology): Promise<Finding[]> {
  try {
    await applyPolicies(management, topology);
    return await findProblems(management, topology);
  } catch (error) {
    if (!(error instanceof ManagementError)) throw error;
    const mayPass = error.status === 0 || error.status >= 500;
    return [{ sentence: error.message, ...(mayPass && { mayPass }) }];
  }
}

async function findProblems(management: BrokerManagement, topology: Topology): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const exchange of topology.exchanges) findings.push(...(await auditExchange(management, exchange)));
  for (const queue of topology.queues) findings.push(...(await auditQueue(management, queue)));
  return findings;
}

async function auditExchange(management: BrokerManagement, name: string): Promise<Finding[]> {
  const exchange = await management.exchange(name);
  if (!exchange) return [{ sentence: `exchange "${name}" is missing: declare it as a durable topic exchange` }];
  const found: string[] = [];
  if (exchange.type !== 'topic') {
    found.push(`exchange "${name}" is of type ${exchange.type}: delete it, it must be a topic exchange`);
  }
  if (!exchange.durable) found.push(`exchange "${name}" is not durable: delete it and declare it durable`);
  const alternate = exchange.arguments['alternate-exchange'] ?? (await alternateByPolicy(management, exchange.policy));
  if (alternate) {
    found.push(
      `exchange "${name}" has the alternate exchange "${String(alternate)}": remove it, or what nobody takes is never returned`,
    );
  }
  return found.map((sentence) => ({ sentence }));
}

async function alternateByPolicy(management: BrokerManagement, policy?: string): Promise<unknown> {
  if (!policy) return undefined;
  return (await management.policy(policy))?.definition['alternate-exchange'];
}

async function auditQueue(management: BrokerManagement, wanted: QueueTopology): Promise<Finding[]> {
  const { name } = wanted;
  const queue = await management.queue(name);
  if (!queue) {
    return [{ sentence: `queue "${name}" is missing: declare it as a quorum queue with a single active consumer` }];
  }
  const again = 'drain it, delete it and let the app declare it';
  const found = Object.entries(QUEUE_ARGUMENTS)
    .filter(([argument, value]) => queue.arguments[argument] !== value)
    .map(([argument, value]) => `queue "${name}" lacks the argument ${argument}=${value}: ${again}`);
  if (queue.type !== 'quorum') found.unshift(`queue "${name}" is of type ${queue.type}: ${again} as quorum`);
  return [
    ...found.map((sentence) => ({ sentence })),
    ...(await auditPolicy(management, wanted, queue)),
    ...(await auditBindings(management, wanted)),
  ];
}

async function auditPolicy(
  management: BrokerManagement,
  wanted: QueueTopology,
  queue: QueueReport,
): Promise<Finding[]> {
  const missing = missingFromPolicy(policyOf(wanted), await effectivePolicy(management, wanted.name, queue));
  if (missing.length === 0) return [];
  const command = policyCommand(management.vhost, wanted);
  return [{ sentence: `queue "${wanted.name}" has no policy for ${missing.join(', ')}: run ${command}` }];
}

async function auditBindings(management: BrokerManagement, wanted: QueueTopology): Promise<Finding[]> {
  const standing = (await management.bindingsOfQueue(wanted.name)) ?? [];
  return wanted.bindings
    .filter(({ exchange, pattern }) => !standing.some((b) => b.source === exchange && b.routing_key === pattern))
    .map(({ exchange, pattern }) => ({
      sentence: `queue "${wanted.name}" is not bound to "${exchange}" with "${pattern}": bind it, or its events pass it by`,
    }));
}

function missingFromPolicy(wanted: PolicyDefinition, standing: Record<string, unknown>): string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => standing[key] !== value)
    .map(([key, value]) => `${key}=${value}`);
}

function policyCommand(vhost: string, queue: QueueTopology): string {
  const definition = JSON.stringify(policyOf(queue));
  return `rabbitmqctl set_policy -p ${vhost} --apply-to queues --priority 10 ${queue.name} '${patternOf(queue)}' '${definition}'`;
}

function patternOf(queue: QueueTopology): string {
  return `^${queue.name.replaceAll('.', '\\.')}$`;
}
