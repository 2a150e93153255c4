import { expect, test } from "vitest";
import { behindText, countdown, exactTime, moment, spoken, timeOfDay, watching } from "./times";

const AT = Date.UTC(2026, 6, 3, 14, 3, 20, 480);

test("the time of day is the reader's, in his zone and his way to write it", () => {
  expect(timeOfDay(AT, "en-GB", "UTC")).toBe("14:03:20");
  expect(timeOfDay(AT, "en-US", "Europe/Paris")).toMatch(/^04:03:20\sPM$/);
});

test("who cuts sees milliseconds", () => expect(exactTime(AT, "UTC")).toBe("14:03:20.480"));

test("another day is named", () => {
  expect(moment(AT, AT + 3_600_000, "en-GB", "UTC")).toBe("14:03");
  expect(moment(AT, AT + 86_400_000, "en-GB", "UTC")).toMatch(/^3 Jul(,| at) 14:03$/);
});

test("behind live is a length with a minus", () => {
  expect(behindText(83)).toBe("−1:23");
  expect(behindText(3723)).toBe("−1:02:03");
});

test.each([
  [0.2, "0 seconds"],
  [1, "1 second"],
  [62, "1 minute 2 seconds"],
  [7200, "2 hours"],
])("%s s is spoken as %s", (seconds, said) => expect(spoken(seconds)).toBe(said));

test.each([
  [-1, ""],
  [4_500, "in 0:05"],
  [245_000, "in 4:05"],
  [12_000_000, "in 3 h 20 min"],
  [86_400_000, "in a day"],
  [200_000_000, "in 2 days"],
])("%s ms before the start it says %s", (left, said) => expect(countdown(left)).toBe(said));

test("nobody is not counted", () => {
  expect(watching(0)).toBe("");
  expect(watching(12_345, "en-GB")).toBe("12,345 watching");
});
