import type { Pool } from 'pg';
import type { IntegrationRef } from '#libs/contracts';
import type { Clock } from '#libs/runtime';
import type { Integration, IntegrationRegistry } from '#libs/settings';
import type { PartnerSettings } from './partner-settings.js';

interface Page {
  integration: Integration<PartnerSettings>;
  readAt: number;
}

/** A change of settings made by another replica is seen after this long. */
const FRESH_MS = 1_000;

/** The integrations this process works for, as it last read them: calls look here, intake reads the database. */
export class SettingsBook {
  private readonly pages = new Map<string, Page>();

  constructor(
    private readonly pool: Pool,
    private readonly registry: IntegrationRegistry<PartnerSettings>,
    private readonly clock: Clock,
  ) {}

  /** So that every integration can be named from the first moment. */
  async open(): Promise<void> {
    const readAt = this.clock.monotonicMs();
    this.note(await this.registry.readAll(this.pool), readAt);
  }

  /**
   * A page never goes back to an older version: a reading that began before a save and ends after it would.
   * @param readAt monotonic, when the reading began
   */
  note(integrations: readonly Integration<PartnerSettings>[], readAt = this.clock.monotonicMs()): void {
    for (const integration of integrations) {
      const known = this.pages.get(integration.id);
      if (known && known.integration.version > integration.version) continue;
      this.pages.set(integration.id, { integration, readAt });
    }
  }

  /** At most a second old. @throws RangeError for an integration that does not exist: it was never planned for */
  async read(id: string): Promise<Integration<PartnerSettings>> {
    const page = this.pages.get(id);
    if (page && this.clock.monotonicMs() - page.readAt < FRESH_MS) return page.integration;
    return this.readAnew(id);
  }

  /** As the database has it now. @throws RangeError for an integration that does not exist */
  async readAnew(id: string): Promise<Integration<PartnerSettings>> {
    const readAt = this.clock.monotonicMs();
    const integration = await this.registry.byId(this.pool, id);
    if (!integration) throw new RangeError(`there is no integration ${id}`);
    this.note([integration], readAt);
    return this.pages.get(id)!.integration;
  }

  /**
   * What the operator calls it, and whose it is.
   * @throws Error for one another replica has just made: this outcome names it by its id and its owner, the next one
   * by its name
   */
  refOf(id: string): IntegrationRef {
    const page = this.pages.get(id);
    if (!page) {
      this.readAnew(id).catch(() => undefined);
      throw new Error(`the integration ${id} has not been read yet`);
    }
    const { displayName, name, source, company, branch } = page.integration;
    return { id, name: displayName || name, source, company, branch };
  }
}
