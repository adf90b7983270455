import type { PoolClient } from 'pg';
import type { HubEvent } from '#libs/contracts';
import type { EventPlan, PlannedDelivery, PlannedEvent, Planner } from '../src/index.js';

type Script = (event: HubEvent, integrationId: string) => PlannedDelivery[] | string;

/** One movement per event, on the lane of its subject, for one integration; a test says otherwise. */
export class ScriptedPlanner implements Planner {
  integrations = ['1'];
  script: Script = (event) => [movement(event.subject, { sequence: event.sequence })];
  readonly unknown = new Set<string>();
  /** Where a read model would be read and written, within the intake's transaction. */
  reading: (client: PoolClient, events: readonly PlannedEvent[]) => Promise<void> = async () => undefined;

  async plan(client: PoolClient, events: readonly PlannedEvent[]): Promise<EventPlan[]> {
    await this.reading(client, events);
    return events.map((event) => this.planOne(event));
  }

  knows(type: string): boolean {
    return !this.unknown.has(type);
  }

  private planOne({ event, onlyIntegration, exceptIntegrations }: PlannedEvent): EventPlan {
    const plan: EventPlan = { plans: [], failures: [] };
    for (const integrationId of this.integrations) {
      if (exceptIntegrations.has(integrationId)) continue;
      if (onlyIntegration !== undefined && onlyIntegration !== integrationId) continue;
      try {
        const made = this.script(event, integrationId);
        if (typeof made !== 'string') plan.plans.push({ integrationId, deliveries: made });
        else plan.plans.push({ integrationId, deliveries: [], unplanned: { code: 'filtered', reason: made } });
      } catch (error) {
        plan.failures.push({ integrationId, reason: (error as Error).message });
      }
    }
    return plan;
  }
}

export function movement(lane: string, body: object = {}, more: Partial<PlannedDelivery> = {}): PlannedDelivery {
  return { operation: 'title.put', lane, kind: 'movement', body, ...more };
}

export function state(lane: string, body: object = {}, more: Partial<PlannedDelivery> = {}): PlannedDelivery {
  return { operation: 'title.put', lane, kind: 'state', body, ...more };
}
