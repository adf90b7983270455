import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import { eventually } from '#libs/testing';
import { BrokerProxy } from '../test/broker-proxy.js';
import { listen, numbersIn, TopicBench } from '../test/topic-bench.js';
import { BrokerConnection, ConfirmPublisher, TopicContext, type IncomingMessage } from './index.js';
import { policyOf } from './topology.js';

let bench: TopicBench;
beforeAll(async () => {
  bench = await TopicBench.open();
});
afterEach(() => bench.closeServers());
afterAll(() => bench.close());

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function queueIsEmpty(queue: string): Promise<boolean> {
  return (await bench.channel.checkQueue(queue)).messageCount === 0;
}

test('a batch is handed over in order and acknowledged together, only after the handler has resolved', async () => {
  const topology = bench.topology();
  const { name: queue } = topology.queues[0]!;
  const proxy = await BrokerProxy.before(bench.vhost.amqpUrl);
  await (await bench.start(topology, async () => {})).close();
  await bench.publish(topology, ...range(1, 30));
  const gate = Promise.withResolvers<void>();
  const batches: number[][] = [];
  const handle = async (messages: IncomingMessage[]) => {
    batches.push(numbersIn(messages));
    await gate.promise;
  };
  const first = await bench.start(topology, handle, { batchSize: 10, url: proxy.url });
  await eventually(() => batches.length === 1);
  expect(batches[0]).toEqual(range(1, batches[0]!.length));
  proxy.goAway();
  const seen: number[] = [];
  await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)));
  await eventually(() => seen.length === 30);
  expect(seen).toEqual(range(1, 30));
  gate.resolve();
  await first.close();
  await eventually(() => queueIsEmpty(queue));
  await proxy.close();
});

test('when the handler rejects, the same messages come again in the same order, in a higher life', async () => {
  const topology = bench.topology();
  const heard: { life: number; numbers: number[] }[] = [];
  let failures = 2;
  await bench.start(
    topology,
    async (messages, context) => {
      heard.push({ life: context.life, numbers: numbersIn(messages) });
      if (numbersIn(messages).includes(3) && failures-- > 0) throw new Error('the database is away');
    },
    { batchSize: 2 },
  );
  await bench.publish(topology, 1, 2, 3, 4, 5);
  await eventually(() => heard.some(({ numbers }) => numbers.includes(5)));
  const lives = new Map<number, number[]>();
  for (const { life, numbers } of heard) lives.set(life, [...(lives.get(life) ?? []), ...numbers]);
  expect([...lives.keys()]).toEqual([1, 2, 3]);
  for (const numbers of lives.values()) expect(numbers).toEqual(range(numbers[0]!, numbers.at(-1)!));
  expect(lives.get(2)![0]).toBe(lives.get(3)![0]);
  expect(lives.get(3)!.at(-1)).toBe(5);
  await eventually(() => queueIsEmpty(topology.queues[0]!.name));
});

test('a batch that fails again and again is never dead-lettered, and takes no innocent message with it', async () => {
  const topology = bench.topology();
  const dead = await bench.plain.createChannel();
  await (await bench.start(topology, async () => {})).close();
  let failures = 0;
  const done: number[] = [];
  await bench.start(topology, async (messages) => {
    if (failures < 5) {
      failures += 1;
      throw new Error('the database is away');
    }
    done.push(...numbersIn(messages));
  });
  await bench.publish(topology, 1, 2, 3, 4, 5);
  await eventually(() => done.length === 5);
  expect(done).toEqual([1, 2, 3, 4, 5]);
  expect((await dead.checkQueue(topology.queues[1]!.name)).messageCount).toBe(0);
});

test('with the naive delivery limit a channel that closes counts for the whole prefetch, and innocents are dead-lettered', async () => {
  const topology = bench.topology();
  const { name: queue } = topology.queues[0]!;
  const { name: deadQueue } = topology.queues[1]!;
  await (await bench.start(topology, async () => {})).close();
  await bench.management.setPolicy(queue, `^${queue}$`, { ...policyOf(topology.queues[0]!), 'delivery-limit': 2 });
  await bench.publish(topology, 1, 2, 3, 4, 5);
  for (let life = 0; life < 3; life += 1) {
    const channel = await bench.plain.createChannel();
    await channel.prefetch(5);
    const held: number[] = [];
    await channel.consume(queue, (message) => held.push(Number(message!.content.toString())));
    await eventually(() => held.length === 5);
    await channel.close();
  }
  await eventually(async () => (await bench.channel.checkQueue(deadQueue)).messageCount === 5);
});

test('stopping finishes the batch in hand and acknowledges it; the rest goes to the next one, in order and once', async () => {
  const topology = bench.topology();
  const handled: string[] = [];
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const first = await bench.start(
    topology,
    async (messages) => {
      const [number] = numbersIn(messages);
      if (number === 3) {
        begun.resolve();
        await gate.promise;
      }
      handled.push(`first ${number}`);
    },
    { batchSize: 1, prefetch: 10 },
  );
  await bench.start(topology, async (messages) => void handled.push(`second ${numbersIn(messages)}`), { batchSize: 1 });
  await bench.publish(topology, ...range(1, 15));
  await begun.promise;
  const stopped = first.close();
  await bench.publish(topology, 16);
  gate.resolve();
  await stopped;
  await eventually(() => handled.length >= 16);
  expect(handled).toEqual([...range(1, 3).map((n) => `first ${n}`), ...range(4, 16).map((n) => `second ${n}`)]);
});

test('the naive stop, cancelling first, lets the next consumer overtake what the first one still holds', async () => {
  const topology = bench.topology();
  const { name: queue } = topology.queues[0]!;
  await (await bench.start(topology, async () => {})).close();
  await bench.publish(topology, ...range(1, 10));
  const handled: number[] = [];
  const held: (() => void)[] = [];
  await bench.channel.prefetch(5);
  const { consumerTag } = await bench.channel.consume(queue, (message) => {
    held.push(() => {
      handled.push(Number(message!.content.toString()));
      bench.channel.ack(message!);
    });
  });
  await eventually(() => held.length === 5);
  await bench.start(topology, async (messages) => void handled.push(...numbersIn(messages)));
  await bench.channel.cancel(consumerTag);
  await eventually(() => handled.length === 5);
  for (const finish of held) finish();
  expect(handled).toEqual([...range(6, 10), ...range(1, 5)]);
});

test('a queue that somebody deletes is declared again and taken again', async () => {
  const topology = bench.topology();
  const { name: queue } = topology.queues[0]!;
  const seen: number[] = [];
  const server = await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)));
  await bench.publish(topology, 0);
  await eventually(() => seen.includes(0));
  await bench.channel.deleteQueue(queue);
  await eventually(async () => (await bench.management.queue(queue)) !== undefined);
  await eventually(() => server.complaints.length === 0);
  await bench.publish(topology, 7);
  await eventually(() => seen.includes(7));
});

test('a binding that somebody deletes is bound again by the repeated audit', async () => {
  const topology = bench.topology();
  const { name: queue, bindings } = topology.queues[0]!;
  const seen: number[] = [];
  await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)), { auditEveryMs: 100 });
  await bench.publish(topology, 0);
  await eventually(() => seen.includes(0));
  await bench.channel.unbindQueue(queue, bindings[0]!.exchange, bindings[0]!.pattern);
  await eventually(async () => {
    const bound = (await bench.management.bindingsOfQueue(queue)) ?? [];
    return bound.some(({ routing_key }) => routing_key === bindings[0]!.pattern);
  });
  await bench.publish(topology, 1);
  await eventually(() => seen.includes(1));
});

test('what the repeated audit finds and cannot mend is a complaint until it is mended', async () => {
  const topology = bench.topology();
  const { name: queue } = topology.queues[0]!;
  const server = await bench.start(topology, async () => {}, { auditEveryMs: 50 });
  const told: string[][] = [];
  server.on('audited', (problems) => told.push(problems));
  await bench.management.setPolicy(queue, `^${queue}$`, { 'delivery-limit': 20 });
  await eventually(() => server.complaints.some((complaint) => complaint.includes('dead-letter-strategy')));
  const topologyAgain = bench.server(topology, async () => {});
  await listen(topologyAgain);
  await eventually(() => server.complaints.length === 0);
  expect(told.at(-1)).toEqual([]);
});

test('a connection that is cut comes back, and the messages not acknowledged come again', async () => {
  const topology = bench.topology();
  const proxy = await BrokerProxy.before(bench.vhost.amqpUrl);
  const seen: string[] = [];
  const server = await bench.start(
    topology,
    async (messages, { life }) => {
      seen.push(...numbersIn(messages).map((number) => `${life}: ${number}`));
      if (life === 1) proxy.cut();
      await eventually(() => life > 1 || server.complaints.length > 0);
    },
    { url: proxy.url },
  );
  await bench.publish(topology, 1);
  await eventually(() => seen.includes('2: 1'));
  await eventually(() => server.complaints.length === 0);
  await server.close();
  await proxy.close();
});

test('closing ends at once while the broker is away', async () => {
  const topology = bench.topology();
  const proxy = await BrokerProxy.before(bench.vhost.amqpUrl);
  const server = await bench.start(topology, async () => {}, { url: proxy.url });
  proxy.goAway();
  await eventually(() => server.complaints.some((complaint) => complaint.includes('away')));
  const begun = performance.now();
  await server.close();
  expect(performance.now() - begun).toBeLessThan(1_000);
  await proxy.close();
});

test('an acknowledgement passes while the publishing connection is blocked', async () => {
  const topology = bench.topology();
  const publishing = await BrokerProxy.before(bench.vhost.amqpUrl);
  const connection = new BrokerConnection(publishing.url, 'publisher of a test');
  const publisher = new ConfirmPublisher(connection);
  await connection.open();
  await publisher.open();
  publishing.block('low on memory');
  await eventually(() => publisher.state === 'blocked');
  const seen: number[] = [];
  const server = await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)));
  await bench.publish(topology, 1);
  await eventually(() => seen.length === 1);
  publishing.cut();
  await server.close();
  await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)));
  await bench.publish(topology, 2);
  await eventually(() => seen.includes(2));
  expect(seen).toEqual([1, 2]);
  await connection.close();
  await publishing.close();
});

test('the naive form, one connection for both, keeps the acknowledgement back and has the message twice', async () => {
  const topology = bench.topology();
  const shared = await BrokerProxy.before(bench.vhost.amqpUrl);
  const seen: number[] = [];
  const handle = async (messages: IncomingMessage[]) => {
    shared.block('low on memory');
    seen.push(...numbersIn(messages));
  };
  const server = await bench.start(topology, handle, { url: shared.url });
  await bench.publish(topology, 1);
  await eventually(() => seen.length === 1);
  shared.goAway();
  await server.close();
  await bench.start(topology, async (messages) => void seen.push(...numbersIn(messages)));
  await eventually(() => seen.length === 2);
  expect(seen).toEqual([1, 1]);
  await shared.close();
});

test('a handler for a queue the topology does not have, and a second handler for one, are refused at start', async () => {
  const topology = bench.topology();
  const stray = bench.server(topology, async () => {});
  stray.addHandler('customerx.evnts', (async () => {}) as never, true);
  await expect(listen(stray)).rejects.toThrow("@EventPattern('customerx.evnts') names no queue");
  const double = bench.server(topology, async () => {});
  double.addHandler(topology.queues[0]!.name, (async () => {}) as never, true);
  await expect(listen(double)).rejects.toThrow('two @EventPattern handlers');
});

test('under Nest, a controller is given the batch and its context, and its exception brings the batch again', async () => {
  const topology = bench.topology('nest');
  const heard: [number[], number][] = [];

  @Controller()
  class Intake {
    @EventPattern<string>('nest.events')
    async take(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
      heard.push([numbersIn(messages), context.life]);
      if (context.life === 1) throw new Error('first life');
    }
  }

  @Module({ controllers: [Intake] })
  class App {}

  const strategy = bench.server(topology, async () => {});
  strategy.getHandlers().clear();
  const app = await NestFactory.createMicroservice(App, { strategy, logger: false });
  await app.listen();
  await bench.publish(topology, 1);
  await eventually(() => heard.length === 2);
  expect(heard).toEqual([
    [[1], 1],
    [[1], 2],
  ]);
  await app.close();
});
