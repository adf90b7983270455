import { ManagementError, type BrokerManagement, type PolicyReport, type QueueReport } from './management.js';

/**
 * What RabbitMQ applies to a queue: the matching policy of the highest priority, and over it the matching operator
 * policy. Worked out from the policies themselves, because the broker reports it on the queue only after some ten
 * seconds; that report is used where this user may not read policies.
 */
export async function effectivePolicy(
  management: BrokerManagement,
  queue: string,
  report: QueueReport,
): Promise<Record<string, unknown>> {
  const policies = await readable(management.policies('policies'));
  if (!policies)
    return Array.isArray(report.effective_policy_definition) ? {} : (report.effective_policy_definition ?? {});
  const operator = (await readable(management.policies('operator-policies'))) ?? [];
  return { ...highestFor(queue, policies), ...highestFor(queue, operator) };
}

const APPLY_TO_QUORUM = ['all', 'queues', 'quorum_queues'];

function highestFor(queue: string, policies: PolicyReport[]): Record<string, unknown> | undefined {
  return policies
    .filter((policy) => APPLY_TO_QUORUM.includes(policy['apply-to']) && new RegExp(policy.pattern).test(queue))
    .sort((a, b) => b.priority - a.priority)[0]?.definition;
}

async function readable<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ManagementError && [401, 403].includes(error.status)) return undefined;
    throw error;
  }
}
