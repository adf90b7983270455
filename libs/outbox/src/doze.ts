/**
 * Lets one waiter sleep until somebody wakes it, or until its time is over; woken beforehand, it does not sleep. Nothing
 * of a wait outlives it: there are up to forty a second, for months.
 */
export class Doze {
  private isWoken = false;
  private end?: () => void;

  wake(): void {
    this.isWoken = true;
    this.end?.();
  }

  async wait(ms: number): Promise<void> {
    if (!this.isWoken) await this.sleep(ms);
    this.isWoken = false;
  }

  private async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.end = resolve;
    await promise;
    this.end = undefined;
    clearTimeout(timer);
  }
}
