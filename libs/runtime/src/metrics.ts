import { Injectable } from '@nestjs/common';
import * as prometheus from 'prom-client';

export type Labels = Record<string, string>;

export interface Counter {
  add(labels?: Labels, by?: number): void;
}
export interface Gauge {
  set(value: number, labels?: Labels): void;
}
export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** Seconds, from a fast statement to a slow partner. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const OTHER = 'other';

/**
 * The app's Prometheus registry. Asking twice for the same name gives the same metric.
 * A metric keeps at most `maxSeries` combinations of label values; further ones are counted under `other`,
 * so a label fed by somebody else's data cannot eat the memory of the app or of Prometheus.
 */
@Injectable()
export class Metrics {
  private readonly registry = new prometheus.Registry();
  private readonly known = new Map<string, unknown>();
  private readonly beforeScrape = new Map<string, () => Promise<void> | void>();

  constructor(
    app: string = 'ponte',
    private readonly maxSeries = 2_000,
  ) {
    this.registry.setDefaultLabels({ app });
  }

  /** CPU, memory, event-loop lag and garbage collection of the process. */
  collectProcess(): void {
    prometheus.collectDefaultMetrics({ register: this.registry });
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.once(name, () => {
      const metric = new prometheus.Counter({ name, help, labelNames, registers: [this.registry] });
      const bounded = this.bound();
      return { add: (labels = {}, by = 1) => metric.inc(bounded(labels), by) };
    });
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.once(name, () => {
      const metric = new prometheus.Gauge({ name, help, labelNames, registers: [this.registry] });
      const bounded = this.bound();
      return { set: (value, labels = {}) => metric.set(bounded(labels), value) };
    });
  }

  histogram(name: string, help: string, labelNames: readonly string[] = [], buckets: number[] = SECONDS): Histogram {
    return this.once(name, () => {
      const metric = new prometheus.Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
      const bounded = this.bound();
      return { observe: (value, labels = {}) => metric.observe(bounded(labels), value) };
    });
  }

  /** Runs right before each scrape, to set gauges from what is true then. A failing one costs its own gauges only. */
  onScrape(name: string, refresh: () => Promise<void> | void): void {
    this.beforeScrape.set(name, refresh);
  }

  async render(): Promise<{ contentType: string; body: string }> {
    await Promise.allSettled([...this.beforeScrape.values()].map(async (refresh) => refresh()));
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private once<M>(name: string, create: () => M): M {
    if (!this.known.has(name)) this.known.set(name, create());
    return this.known.get(name) as M;
  }

  private bound(): (labels: Labels) => Labels {
    const seen = new Set<string>();
    return (labels) => {
      const key = Object.values(labels).join('\u0000');
      if (seen.has(key)) return labels;
      if (seen.size < this.maxSeries) {
        seen.add(key);
        return labels;
      }
      return Object.fromEntries(Object.keys(labels).map((name) => [name, OTHER]));
    };
  }
}
