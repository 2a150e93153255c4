import { expect, test } from "vitest";
import { clockOf, lateness, type Piece, steadyClock } from "./clock";

const NOON = Date.UTC(2026, 6, 1, 12);

/** Segments of 2 s; before the third one the publisher was away for a minute. */
const PIECES: Piece[] = [
  { start: 10, duration: 2, programDateTime: NOON },
  { start: 12, duration: 2, programDateTime: NOON + 2000 },
  { start: 14, duration: 2, programDateTime: NOON + 62_000 },
];

test.each([
  [10, 0],
  [11.5, 1500],
  [12, 2000],
  [15, 63_000],
  [17, 65_000],
  [9, -1000],
])("at second %s of the media it is %s ms after noon", (second, after) => {
  const clock = clockOf(PIECES);
  expect(clock.at(second)).toBe(NOON + after);
  expect(clock.find(NOON + after)).toBeCloseTo(second, 9);
});

test("a moment that was never shown is the end of what came before it", () => {
  expect(clockOf(PIECES).find(NOON + 30_000)).toBe(14);
});

test("without dates, or without segments, nobody can say", () => {
  expect(clockOf([]).at(1)).toBeNull();
  expect(clockOf([]).find(NOON)).toBeNull();
  expect(clockOf([{ start: 0, duration: 2, programDateTime: null }]).at(1)).toBeNull();
});

test("a browser's own player counts from one date", () => {
  expect(steadyClock(NOON).at(2.5)).toBe(NOON + 2500);
  expect(steadyClock(NOON).find(NOON + 2500)).toBe(2.5);
});

test("a picture is as late as its moment is ago", () => {
  expect(lateness(clockOf(PIECES), 15, NOON + 65_500)).toBe(2.5);
  expect(lateness(clockOf([]), 15, NOON)).toBe(null);
  expect(lateness(null, 15, NOON)).toBe(null);
});
