import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again until the probe neither throws nor answers `false`, and gives its answer. After `withinMs` (20 s unless
 * told) it fails with the probe's last error, or says that the answer stayed `false`.
 */
export async function eventually<Answer>(
  probe: () => Promise<Answer> | Answer,
  options: { withinMs?: number; everyMs?: number } = {},
): Promise<Answer> {
  const { withinMs = 20_000, everyMs = 25 } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const heard = await ask(probe);
    if ('answer' in heard) return heard.answer;
    if (performance.now() >= deadline) throw heard.error;
    await sleep(everyMs);
  }
}

async function ask<Answer>(probe: () => Promise<Answer> | Answer): Promise<{ answer: Answer } | { error: unknown }> {
  try {
    const answer = await probe();
    return answer === false ? { error: new Error('The probe answered false to the end.') } : { answer };
  } catch (error) {
    return { error };
  }
}
