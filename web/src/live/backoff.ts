/** When to try again. Pure. */

const FIRST_MS = 500;
const LONGEST_MS = 10_000;

/** How long to wait before try number `tries` (0 is the first); `chance` in [0, 1) keeps viewers from coming all at once. */
export function backoff(tries: number, chance: number): number {
  const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10));
  return Math.round(wait * (0.75 + chance / 2));
}
