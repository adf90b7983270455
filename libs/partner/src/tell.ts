/** Calls somebody who listens. Their bug is said aloud, and is neither the partner's failure nor the delivery's. */
export function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    process.emitWarning(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}
