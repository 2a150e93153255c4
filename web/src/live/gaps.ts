/** The way out of a hole in the broadcast: segments that are there by name only (EXT-X-GAP). Pure. */
import type { Piece } from "./clock";

/** A segment of a playlist; `gap`: nothing of it can be loaded. */
export type Stretch = Pick<Piece, "start" | "duration"> & { gap?: boolean };

/** So near to the end of the last segment before a hole (s) playback may stand still. */
const NEAR_S = 0.5;
/** A little into what comes next: its first picture may begin a moment later than the playlist says. */
const INTO_S = 0.05;

/** Where playback goes on for who stands still in front of a hole, or in it. Null: there is no hole, or nothing behind. */
export function beyondGap(pieces: readonly Stretch[], second: number): number | null {
  const from = pieces.findIndex((piece) => piece.start + piece.duration > second + NEAR_S);
  if (from < 0 || !pieces[from]?.gap) return null;
  const next = pieces.slice(from).find((piece) => !piece.gap);
  return next ? next.start + INTO_S : null;
}
