/** When a player of key pictures is asked for which moment. Pure: times in ms, moments in seconds of the media. */

/** A pointer moves on faster than pictures come: no more often than this. */
const EACH_MS = 60;
/** hls.js may leave a jump unfinished: it is asked for the same moment again. */
const AGAIN_MS = 500;
/** Key pictures are a segment apart: within this it is the one that is meant. */
export const NEAR_S = 2;

export interface Asked {
  second: number;
  at: number;
}

/** Whether to ask for `wanted` now; `seen`: the moment of the picture that is there, null while there is none. */
export function isToAsk(wanted: number, asked: Asked | null, seen: number | null, now: number): boolean {
  if (!asked) return true;
  if (now - asked.at < EACH_MS) return false;
  if (wanted !== asked.second) return true;
  return !isShown(wanted, seen) && now - asked.at >= AGAIN_MS;
}

export function isShown(wanted: number, seen: number | null): boolean {
  return seen !== null && Math.abs(seen - wanted) < NEAR_S;
}
