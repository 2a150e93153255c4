/** Requests about one thing that overtake one another: what is shown is always the newest answer. */

/** What takes `work` into the line; it begins when all before it has ended, well or badly. */
export function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}

/** What reads and shows; an answer that a younger question has overtaken is not shown. */
export function createReader<T>(read: () => Promise<T>, show: (answer: T) => void): () => Promise<void> {
  let asked = 0;
  return async () => {
    const mine = ++asked;
    const answer = await read();
    if (mine === asked) show(answer);
  };
}
