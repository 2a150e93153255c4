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

export interface Reader<Question extends unknown[]> {
  read(...question: Question): Promise<void>;
  /** What is on its way is old: something was done, and is shown. */
  overtake(): void;
}

/** What asks and shows; an answer that a younger question, or something that was done, has overtaken is not shown. */
export function createReader<Answer, Question extends unknown[]>(
  ask: (...question: Question) => Promise<Answer>,
  show: (answer: Answer, ...question: Question) => void,
): Reader<Question> {
  let newest = 0;
  return {
    read: async (...question) => {
      const mine = ++newest;
      const answer = await ask(...question);
      if (mine === newest) show(answer, ...question);
    },
    overtake: () => void newest++,
  };
}
