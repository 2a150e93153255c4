/** Which moment of the wall clock is which second of the media: by the PROGRAM-DATE-TIME of the segments. Pure. */

/** A segment: its place in the media (seconds), and the moment of its first picture (ms since the epoch). */
export interface Piece {
  start: number;
  duration: number;
  programDateTime: number | null;
}

export interface WallClock {
  /** Milliseconds since the epoch of the picture that is shown at this second; null if nobody can say. */
  at(second: number): number | null;
  /** The second at which this moment is shown. A moment that was never shown is the end of what came before it. */
  find(ms: number): number | null;
}

/** The clock of a playlist, in its order. */
export function clockOf(pieces: readonly Piece[]): WallClock {
  return {
    at: (second) => {
      const piece = pieces[lastNotAfter(pieces, second, (each) => each.start)] ?? pieces[0];
      if (!piece || piece.programDateTime === null) return null;
      return piece.programDateTime + (second - piece.start) * 1000;
    },
    find: (ms) => {
      const place = lastNotAfter(pieces, ms, (each) => each.programDateTime ?? 0);
      const piece = pieces[place] ?? pieces[0];
      if (!piece || piece.programDateTime === null) return null;
      const into = (ms - piece.programDateTime) / 1000;
      // The last segment of a live playlist still grows.
      const isLast = place === pieces.length - 1;
      return piece.start + (isLast ? into : Math.min(into, piece.duration));
    },
  };
}

/** The clock of a browser that plays HLS by itself: its media began at `began` (`HTMLMediaElement.getStartDate`). */
export function steadyClock(began: number): WallClock {
  return { at: (second) => began + second * 1000, find: (ms) => (ms - began) / 1000 };
}

/** How many seconds the picture at `second` is behind `now` (ms since the epoch); null if nobody can say. */
export function lateness(clock: WallClock | null, second: number, now: number): number | null {
  const shown = clock?.at(second) ?? null;
  return shown === null ? null : (now - shown) / 1000;
}

/** The index of the last piece whose `key` is not greater than `wanted`; -1 if there is none. */
function lastNotAfter(pieces: readonly Piece[], wanted: number, key: (piece: Piece) => number): number {
  let low = 0;
  let high = pieces.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(pieces[middle] as Piece) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
