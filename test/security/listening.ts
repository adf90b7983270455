import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTENING = '0A';

/** `<address>:<port>` of every socket this process listens on, as the kernel says, addresses in its hexadecimal. */
export function listeningHere(): string[] {
  const inodes = new Set(readdirSync('/proc/self/fd').flatMap((fd) => inodeOf(`/proc/self/fd/${fd}`)));
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6'].flatMap((table) =>
    readFileSync(table, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === LISTENING && inodes.has(columns[9]!))
      .map((columns) => columns[1]!),
  );
}

/** As the kernel writes 127.0.0.1 and this port. */
export function loopback(url: string): string {
  return `0100007F:${Number(new URL(url).port).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A descriptor may be gone between the list and the look. */
function inodeOf(path: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.slice(1) ?? [];
  } catch {
    return [];
  }
}
