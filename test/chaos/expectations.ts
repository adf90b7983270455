/** The sentences of those expectations that do not hold. */
export function unmet(expectations: Record<string, boolean>): string[] {
  return Object.entries(expectations).flatMap(([sentence, holds]) => (holds ? [] : [`not so: ${sentence}`]));
}
