import { expect, test } from "vitest";
import { isShown, isToAsk } from "./wanted";

const ASKED = { second: 100, at: 1000 };

test.each([
  ["the first time", 100, null, null, 1000, true],
  ["a pointer that moves on at once", 101, ASKED, null, 1020, false],
  ["a pointer that moves on", 101, ASKED, null, 1060, true],
  ["the same moment, while its picture is on its way", 100, ASKED, null, 1400, false],
  ["the same moment, whose picture does not come", 100, ASKED, 40, 1500, true],
  ["the same moment, whose picture is there", 100, ASKED, 100, 9000, false],
])("%s", (_, wanted, asked, seen, now, expected) => {
  expect(isToAsk(wanted, asked, seen, now)).toBe(expected);
});

test("a picture of another moment is not the one that is wanted", () => {
  expect([isShown(100, null), isShown(100, 99), isShown(100, 97)]).toEqual([false, true, false]);
});
