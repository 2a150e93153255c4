/** Pictures of a channel as numbers: they lie on a grid of the epoch, picture k of r a second is shown at k/r s after 1970.
 *  What an editor marks is a picture, never a fraction of a second. Pure. */

/** The picture that is shown at a moment (ms since the epoch, from the clock of a player: it may be off by a little). */
export function pictureAt(ms: number, rate: number): number {
  return Math.round((ms * rate) / 1000);
}

/** When it begins, as the clock shows it (ms since the epoch). */
export function beginOf(picture: number, rate: number): number {
  return (picture * 1000) / rate;
}

/** A moment in the middle of it, as the service reads moments: no rounding leads to its neighbours. */
export function momentOf(picture: number, rate: number): string {
  return new Date(Math.floor(((picture + 0.5) * 1000) / rate)).toISOString();
}

/** What lies between two marks; `out` is the first picture that is no more shown. */
export interface Cut {
  in: number;
  out: number;
}

/** Null for marks that are no cut: one is missing, or they stand the wrong way round. */
export function cutOf(marks: { in: number | null; out: number | null }): Cut | null {
  return marks.in !== null && marks.out !== null && marks.in < marks.out
    ? { in: marks.in, out: marks.out }
    : null;
}

/** The last seconds up to a picture. */
export function lastSeconds(seconds: number, picture: number, rate: number): Cut {
  return { in: picture - Math.round(seconds * rate), out: picture };
}
