import type { Clock } from '#libs/runtime';
import type { Stage } from './stage.js';

/**
 * Gives each call a signal of its own, aborted when its time is over or when our caller gives up. A breaker has one
 * AbortController for all its calls: with that, the first to be late would end all others.
 */
export function withDeadline(clock: Clock): Stage {
  return (next) => async (call) => {
    const leftMs = call.endsAtMs - clock.monotonicMs();
    const ending = new AbortController();
    const answered = new AbortController();
    const cancel = () => ending.abort('cancelled');
    if (call.signal?.aborted) cancel();
    call.signal?.addEventListener('abort', cancel, { once: true });
    void clock.sleep(leftMs, answered.signal).then(() => ending.abort('deadline'));
    try {
      return await next({ ...call, signal: ending.signal });
    } finally {
      answered.abort('answered'); // without a reason of ours an error is made for each call, with its stack
      call.signal?.removeEventListener('abort', cancel);
    }
  };
}
