import type { Clock } from '#libs/runtime';
import type { OutboxReader, OutgoingEvent } from '#libs/outbox';
import { isStarted, type Backfill, type SkippedRow, type StartedBackfill } from './backfill.js';
import type { BackfillBook } from './backfill-book.js';
import { WalkLeft, type ConfirmedSend } from './confirmed-send.js';
import type { ExportRow, ExportView } from './export-view.js';
import { rowToSnapshot, toFinished, toStarted } from './snapshot.js';
import type { WalkPace } from './walk-pace.js';

export interface WalkParts {
  book: BackfillBook;
  view: ExportView;
  sending: ConfirmedSend;
  pace: WalkPace;
  clock: Clock;
  outbox: Pick<OutboxReader, 'lastPosition' | 'isThrough'>;
  onSnapshots(count: number): void;
}

const CHUNK_ROWS = 500;
const LIVE_LOOK_MS = 100;

/**
 * One walk through one view: said to have started, a snapshot per row, said to have finished, each only after the broker
 * has confirmed what comes before: of the finish, every live event of what the walk has seen too, so that who hears it
 * knows which titles moved. Progress is stored after each chunk, so whoever goes on after a crash repeats one
 * chunk at the most, under the same ids.
 */
export class Walk {
  constructor(private readonly parts: WalkParts) {}

  /**
   * @throws ViewUnfit when the view cannot be walked; WalkLeft when it was canceled, somebody else leads, or the signal
   * aborts
   */
  async run(backfill: Backfill, signal: AbortSignal): Promise<Backfill> {
    const { book, clock, sending, view } = this.parts;
    if (!backfill.finishedAt) await view.check();
    let walk = isStarted(backfill) ? backfill : ours(await book.start(backfill.id, clock.now()));
    if (walk.lastId === '') await sending.send([toStarted(walk)], signal);
    if (!walk.finishedAt) {
      const walked = await this.walkThrough(walk, signal);
      await this.untilRelayed(signal);
      walk = ours(await book.close(walked, clock.now()));
    }
    await sending.send(
      [toFinished({ ...walk, finishedAt: walk.finishedAt! }, await book.skippedRows(walk.id))],
      signal,
    );
    return ours(await book.finish(walk));
  }

  private async walkThrough(from: StartedBackfill, signal: AbortSignal): Promise<StartedBackfill> {
    let walk = from;
    for (;;) {
      const rows = await this.parts.view.read(walk.company, walk.lastId, CHUNK_ROWS);
      if (rows.length === 0) return walk;
      walk = await this.walkChunk(walk, rows, signal);
    }
  }

  private async untilRelayed(signal: AbortSignal): Promise<void> {
    const { clock, outbox } = this.parts;
    const seen = await outbox.lastPosition();
    while (!(await outbox.isThrough(seen))) {
      if (signal.aborted) throw new WalkLeft('the process stops');
      await clock.sleep(LIVE_LOOK_MS, signal);
    }
  }

  private async walkChunk(walk: StartedBackfill, rows: ExportRow[], signal: AbortSignal): Promise<StartedBackfill> {
    const { book, clock, pace, sending } = this.parts;
    const skipped: SkippedRow[] = [];
    let snapshots = 0;
    for (let at = 0, size = pace.sliceRows; at < rows.length; at += size, size = pace.sliceRows) {
      const slice = rows.slice(at, at + size);
      await pace.let(slice.length, signal);
      const events = slice.flatMap((row, place) => this.read(walk, row, rows[at + place - 1], skipped));
      await sending.send(events, signal);
      snapshots += events.length;
    }
    const lastId = rows.at(-1)!.id;
    const moved = ours(await book.advance(walk, { lastId, snapshots, skipped, at: clock.now() }));
    this.parts.onSnapshots(snapshots);
    return moved;
  }

  private read(
    walk: StartedBackfill,
    row: ExportRow,
    before: ExportRow | undefined,
    skipped: SkippedRow[],
  ): OutgoingEvent[] {
    const reading =
      before?.id === row.id
        ? { kind: 'skipped' as const, reason: 'the view has this id more than once' }
        : rowToSnapshot(row, walk);
    if (reading.kind === 'snapshot') return [reading.event];
    skipped.push({ id: row.id, reason: reading.reason });
    return [];
  }
}

function ours<B extends Backfill>(backfill: B | undefined): B {
  if (backfill) return backfill;
  throw new WalkLeft('it was canceled, or somebody else walks it');
}
