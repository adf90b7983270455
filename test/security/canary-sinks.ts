import { connect } from 'amqplib';
import { Client } from 'pg';

/** Everything of one person and one account that nobody but the payload stores may know. */
export const PERSON = {
  cpf: '52998224725',
  cnpj: '12ABC34501DE35',
  name: 'Canarina Amarela de Gaiola',
  email: 'canarina.amarela@gaiola.example',
  phone: '+5511987650123',
};
export const SECRETS = { token: 'canary-token-91f2', credential: 'canary-credential-77', key: 'canary-key-5b1c' };

/** As they are written, by us and by others. */
const TRACES = [
  PERSON.cpf,
  '529.982.247-25',
  PERSON.cnpj,
  '12.ABC.345/01DE-35',
  PERSON.name,
  PERSON.email,
  PERSON.phone,
  PERSON.phone.slice(3),
  ...Object.values(SECRETS),
];

/** @returns `where: what` for each trace in the text, with what stands around it */
export function tracesIn(where: string, text: string, more: readonly string[] = []): string[] {
  const lower = text.toLowerCase();
  return [...TRACES, ...more].flatMap((trace) => {
    const at = lower.indexOf(trace.toLowerCase());
    return at < 0 ? [] : [`${where}: ${trace} in …${text.slice(Math.max(0, at - 60), at + trace.length + 20)}…`];
  });
}

/** Everything published on an exchange from now on: headers, properties and bodies; and a way to publish as the relay does. */
export async function tap(amqpUrl: string, exchange: string) {
  const connection = await connect(amqpUrl);
  const channel = await connection.createChannel();
  await channel.assertExchange(exchange, 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, exchange, '#');
  const heard: { headers: string; content: string }[] = [];
  const keep = (message: { content: Buffer; fields: object; properties: object } | null) => {
    const headers = JSON.stringify([message?.fields, message?.properties]);
    if (message) heard.push({ headers, content: message.content.toString() });
  };
  await channel.consume(queue, keep, { noAck: true });
  const userId = new URL(amqpUrl).username;
  const publish = (routingKey: string, content: Buffer, options: object) =>
    channel.publish(exchange, routingKey, content, { persistent: true, userId, ...options });
  return { heard, publish, close: () => connection.close() };
}

const COLUMNS = `
  select table_schema as schema, table_name as table, column_name as column
  from information_schema.columns c
  where table_schema not in ('pg_catalog', 'information_schema')
    and (select relkind from pg_class where oid = format('%I.%I', table_schema, table_name)::regclass) = 'r'`;

/** Every column of every table in which a trace stands in plain, bytes included, as `schema.table.column`. */
export async function columnsWithTraces(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = new Set<string>();
    const { rows } = await client.query<{ schema: string; table: string; column: string }>(COLUMNS);
    for (const { schema, table, column } of rows) {
      const values = await client.query<{ value: unknown }>(`select "${column}" as value from "${schema}"."${table}"`);
      const all = values.rows.map(({ value }) =>
        Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value),
      );
      if (tracesIn('', all.join('\n')).length > 0) found.add(`${schema}.${partitionless(table)}.${column}`);
    }
    return [...found].toSorted();
  } finally {
    await client.end();
  }
}

/** A monthly partition is its table. */
function partitionless(table: string): string {
  return table.replace(/_(p?\d{4}_?\d{2}(_?\d{2})?|default)$/, '');
}
