/** What a person reads while the demo runs: short lines, told once. */
export function say(line = ''): void {
  console.log(line);
}

export function chapter(title: string): void {
  say();
  say(`── ${title} ${'─'.repeat(Math.max(2, 74 - title.length))}`);
}

/** Rows under a head, columns as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]) =>
    `   ${row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd()}`;
  for (const row of [head, ...rows]) say(line(row));
}
