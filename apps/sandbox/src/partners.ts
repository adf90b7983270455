import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notFound, SystemClock, type Clock } from '#libs/runtime';
import { CallLog } from './call-log.js';
import { CustomerX } from './customerx/customerx.js';
import { CustomerXSettings } from './customerx/customerx-settings.js';
import { Deps } from './deps/deps.js';
import type { DepsSettings } from './deps/deps-settings.js';
import { PartnerDoor } from './partner-door.js';
import { FaultSwitch } from './partner-faults.js';

export interface PartnerOptions {
  clock?: Clock;
  /** Calls remembered; a call of a title takes about 1 kB. */
  callLogCapacity?: number;
}

/** The partners this sandbox simulates; a new one is a folder and a line here. */
export class Partners {
  constructor(private readonly doors: readonly PartnerDoor[]) {}

  /** Whose door a request knocks at. */
  owning(url: string): PartnerDoor | undefined {
    return this.doors.find((door) => door.owns(url));
  }

  /** @throws Problem 404 */
  named(name: string): PartnerDoor {
    const door = this.doors.find(({ partner }) => partner.name === name);
    if (!door) throw notFound(`There is no partner "${name}" here; there is ${this.names.join(', ')}.`);
    return door;
  }

  get names(): string[] {
    return this.doors.map(({ partner }) => partner.name);
  }

  /** State, faults and calls of one partner, or of all. */
  reset(name?: string): void {
    for (const door of name === undefined ? this.doors : [this.named(name)]) door.reset();
  }

  close(): void {
    for (const door of this.doors) door.close();
  }
}

/** A CustomerX and its door. */
export function createCustomerX(options: PartnerOptions & { settings?: CustomerXSettings } = {}) {
  const { clock = new SystemClock(), callLogCapacity = 500_000, settings } = options;
  const faults = new FaultSwitch(clock);
  const customerx = new CustomerX(clock, faults, settings);
  return { customerx, door: new PartnerDoor(customerx, faults, new CallLog(callLogCapacity), clock) };
}

/** A DEPS and its door. */
export function createDeps(options: PartnerOptions & { settings?: DepsSettings } = {}) {
  const { clock = new SystemClock(), callLogCapacity = 500_000, settings } = options;
  const faults = new FaultSwitch(clock);
  const deps = new Deps(clock, faults, settings);
  return { deps, door: new PartnerDoor(deps, faults, new CallLog(callLogCapacity), clock) };
}

/** One partner alone on a free port of this machine, for a spec that needs no more of the world. */
export async function listenAlone(door: PartnerDoor): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((incoming, response) => {
    if (door.owns(incoming.url!)) door.handle(incoming, response).catch(() => response.destroy());
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };

  async function close(): Promise<void> {
    door.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
