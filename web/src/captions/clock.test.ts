import { expect, test } from "vitest";
import { parseTime, timeText } from "./clock";

test.each([
  [0, "0:00.000"],
  [62_040, "1:02.040"],
  [3_723_450, "1:02:03.450"],
])("%i ms", (ms, text) => {
  expect(timeText(ms)).toBe(text);
  expect(parseTime(text)).toBe(ms);
});

test.each([
  ["5", 5000],
  ["12.5", 12_500],
  [" 00:01:02,25 ", 62_250],
  ["90:00", 5_400_000],
])("what editors type: %s", (text, ms) => expect(parseTime(text)).toBe(ms));

test.each(["", "soon", "1:2:3:4", "1.2345", "-1"])("no time: %s", (text) =>
  expect(parseTime(text)).toBeNull(),
);
