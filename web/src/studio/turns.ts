/** Requests about one thing, one after another: the answer that comes last is then the newest. */

/** What takes `work` into the line; it begins when all before it has ended, well or badly. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}
