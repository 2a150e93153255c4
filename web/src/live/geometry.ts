/** Where things lie on a bar that shows all that viewers may go back to. Pure: seconds of the media. */
import type { WallClock } from "./clock";

/** What may be watched: from `start` to `edge`, the nearest to now that a player may come. */
export interface Range {
  start: number;
  edge: number;
}

/** Something that is marked on a bar; `length` in seconds, 0 for a moment. */
export interface Mark {
  id: string;
  kind: string;
  title: string;
  /** Milliseconds since the epoch. */
  at: number;
  length: number;
}

export interface PlacedMark {
  mark: Mark;
  second: number;
  /** 0 at the beginning of the bar, 1 at its end. */
  from: number;
  to: number;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

export function fractionOf(second: number, range: Range): number {
  const length = range.edge - range.start;
  return length > 0 ? clamp((second - range.start) / length, 0, 1) : 1;
}

export function secondAt(fraction: number, range: Range): number {
  return range.start + clamp(fraction, 0, 1) * Math.max(0, range.edge - range.start);
}

/** How far a position is behind live; never less than 0. */
export function behind(second: number, range: Range): number {
  return Math.max(0, range.edge - second);
}

/** Marks that lie in what may be watched, in the order of their moments. */
export function placed(marks: readonly Mark[], range: Range, clock: WallClock): PlacedMark[] {
  const found: PlacedMark[] = [];
  for (const mark of marks) {
    const second = clock.find(mark.at);
    if (second === null || second > range.edge || second + mark.length < range.start) continue;
    found.push({
      mark,
      second: Math.max(second, range.start),
      from: fractionOf(second, range),
      to: fractionOf(second + mark.length, range),
    });
  }
  return found.sort((one, other) => one.second - other.second);
}

/** The mark that somebody points at: the nearest, if it is at most `reach` (a part of the bar) away. */
export function nearest(
  marks: readonly PlacedMark[],
  fraction: number,
  reach: number,
): PlacedMark | undefined {
  const away = (each: PlacedMark) => Math.abs(each.from - fraction);
  const near = marks.filter((each) => away(each) <= reach);
  return near.reduce<PlacedMark | undefined>(
    (best, each) => (best && away(best) <= away(each) ? best : each),
    undefined,
  );
}
