import type { Clock } from '#libs/runtime';

/** Lets one waiter sleep until somebody rings, or until its time is over. A ring while nobody waits is not lost. */
export class Bell {
  private rung = false;
  private waking?: AbortController;

  constructor(private readonly clock: Clock) {}

  ring(): void {
    this.rung = true;
    this.waking?.abort('rung'); // without a reason of ours an error is made each time, with its stack
  }

  async wait(ms: number): Promise<void> {
    if (!this.rung) {
      this.waking = new AbortController();
      await this.clock.sleep(ms, this.waking.signal);
      this.waking = undefined;
    }
    this.rung = false;
  }
}
