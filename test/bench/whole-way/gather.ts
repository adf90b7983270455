/** Hands on what came while the batch before was at work, so that one statement serves many. */
export function gather<Item>(work: (batch: Item[]) => Promise<unknown>): (item: Item) => void {
  let waiting: Item[] = [];
  let isWorking = false;
  const run = async () => {
    isWorking = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await work(batch);
    }
    isWorking = false;
  };
  return (item) => {
    waiting.push(item);
    if (!isWorking) setImmediate(() => !isWorking && void run());
  };
}
