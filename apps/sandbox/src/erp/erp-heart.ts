import type { Clock } from '#libs/runtime';
import type { Erp } from './erp.js';

const JOB = 'sandbox-erp';
const EVERY_SECONDS = 60;

/** The ERP's beat: one that is stopped, or cut off from its database, is missed after three minutes. */
export class ErpHeart {
  private readonly stopping = new AbortController();
  private beating: Promise<void> = Promise.resolve();

  constructor(
    private readonly erp: Erp,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.beating = this.run(this.stopping.signal);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.beating;
  }

  /** A beat that fails is left out, as by a job whose database is away. */
  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.erp.beat(JOB, EVERY_SECONDS).catch(() => undefined);
      await this.clock.sleep(EVERY_SECONDS * 1_000, signal);
    }
  }
}
