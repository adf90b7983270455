import { expect, it } from '@jest/globals';
import { Metrics } from './metrics.js';

it('gives the same metric to whoever asks for the same name', async () => {
  const metrics = new Metrics('shop');
  metrics.counter('ponte_sales', 'Sales', ['kind']).add({ kind: 'book' });
  metrics.counter('ponte_sales', 'Sales', ['kind']).add({ kind: 'book' }, 2);
  expect((await metrics.render()).body).toContain('ponte_sales{kind="book",app="shop"} 3');
});

it('counts what a flood of label values brings under "other"', async () => {
  const metrics = new Metrics('shop', 3);
  const sales = metrics.counter('ponte_sales', 'Sales', ['customer']);
  for (let customer = 0; customer < 100; customer += 1) sales.add({ customer: String(customer) });
  const lines = (await metrics.render()).body.split('\n').filter((line) => line.startsWith('ponte_sales{'));
  expect(lines).toHaveLength(4);
  expect(lines).toContain('ponte_sales{customer="other",app="shop"} 97');
});

it('refreshes gauges right before a scrape, and a refresh that fails spoils no other', async () => {
  const metrics = new Metrics('shop');
  const waiting = metrics.gauge('ponte_waiting', 'Waiting');
  let now = 7;
  metrics.onScrape('broken', () => Promise.reject(new Error('database away')));
  metrics.onScrape('waiting', () => waiting.set(now));
  expect((await metrics.render()).body).toContain('ponte_waiting{app="shop"} 7');
  now = 8;
  expect((await metrics.render()).body).toContain('ponte_waiting{app="shop"} 8');
});

it('sorts durations into buckets', async () => {
  const metrics = new Metrics('shop');
  metrics.histogram('ponte_call_seconds', 'Calls').observe(0.3);
  expect((await metrics.render()).body).toContain('ponte_call_seconds_bucket{le="0.5",app="shop"} 1');
});
