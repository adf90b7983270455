import { matchesPattern } from '#libs/contracts';

/** Events an ERP publishes to the broker itself, and as which broker users. */
export interface DirectPublisher {
  source: string;
  /** Of event types; a star stands for one word. */
  pattern: string;
  users: readonly string[];
}

/** Header of a message that is published again: who published it first. */
const PUBLISHED_BY = 'ponte-published-by';

export interface WaysInOptions {
  /** The broker users that carry outboxes: the readers'. */
  readers: readonly string[];
  /** The broker users that publish again what was missed, in the name of whoever published it first: the audit's. */
  reEmitters?: readonly string[];
  direct: readonly DirectPublisher[];
}

/**
 * A source comes in one way per type: through its outbox, unless it is set to come direct, and then so alone. Who
 * published a message is known by its user id, which the broker checks; a message that names nobody is believed nothing.
 */
export class WaysIn {
  constructor(private readonly options: WaysInOptions) {}

  /**
   * As whom a message was published. What the audit publishes again is looked at as if it came from its first publisher,
   * as the broker vouched for that one then; the same said by anybody else is not listened to.
   */
  publisherOf({ userId, headers }: { userId?: string; headers?: Record<string, unknown> }): string | undefined {
    if (userId === undefined || !this.options.reEmitters?.includes(userId)) return userId;
    const first = headers?.[PUBLISHED_BY];
    return typeof first === 'string' ? first : userId;
  }

  /** @returns why this message must not come this way, in the words of whoever looks at it parked */
  objection({ source, type }: { source: string; type: string }, userId: string | undefined): string | undefined {
    const { readers, direct } = this.options;
    const publishers = direct.filter((one) => one.source === source && matchesPattern(one.pattern, type));
    const users = publishers.flatMap((one) => one.users);
    if (userId === undefined) return nameless(source, type);
    if (users.includes(userId)) return undefined;
    if (!readers.includes(userId)) return foreign(source, type, userId, users);
    return users.length === 0 || isOfReader(type) ? undefined : outOfOutbox(source, type, users);
  }
}

/** A walk through the ERP's views is the reader's own doing and no event of an outbox. */
function isOfReader(type: string): boolean {
  return /^erp\.[^.]+\.snapshot\./.test(type) || type.startsWith('ponte.');
}

function nameless(source: string, type: string): string {
  return (
    `veio sem user_id: não se sabe quem publicou ${type} de ${source} / it came without a user_id: ` +
    `nobody can say who published ${type} of ${source}`
  );
}

function foreign(source: string, type: string, userId: string, users: readonly string[]): string {
  const pt = users.length > 0 ? `só ${users.join(', ')} publica` : `vem somente pela outbox`;
  const en = users.length > 0 ? `only ${users.join(', ')} publishes it` : `it comes through the outbox alone`;
  return (
    `o usuário "${userId}" do broker não publica ${type} de ${source}: ${pt} / ` +
    `the broker user "${userId}" does not publish ${type} of ${source}: ${en}`
  );
}

function outOfOutbox(source: string, type: string, users: readonly string[]): string {
  const who = users.join(', ');
  return (
    `veio pela outbox, mas ${type} de ${source} é publicado direto por ${who} / ` +
    `it came through the outbox, but ${type} of ${source} is published directly by ${who}`
  );
}

const ENTRY = /^(\/erp\/[A-Za-z0-9._-]+):([a-z0-9.*-]+)=([^\s,=|]+(?:\|[^\s,=|]+)*)$/;
const PATTERN = /^erp\.(?:\*|[a-z][a-z0-9-]*)(?:\.(?:\*|[a-z][a-z0-9-]*))*\.(?:\*|v[1-9]\d{0,3})$/;

/**
 * `/erp/acme:erp.customer.*.v1=erp-acme,/erp/acme:erp.contract.*.v1=erp-acme|erp-acme-2`
 * @throws TypeError naming the entry that says something else
 */
export function readDirectPublishers(text: string): DirectPublisher[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, source, pattern, users] = ENTRY.exec(entry) ?? [];
      if (source && pattern && users && PATTERN.test(pattern)) return { source, pattern, users: users.split('|') };
      throw new TypeError(
        `"${entry}" is no direct publisher: write <source>:<event types>=<broker user>, as /erp/acme:erp.customer.*.v1=erp-acme`,
      );
    });
}
