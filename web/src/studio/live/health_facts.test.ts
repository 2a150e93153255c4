import { expect, test } from "vitest";
import { clockText, secondsText, storedFacts } from "./health_facts";

test.each([
  [null, null, "–"],
  [null, 340, "+0.34 s"],
  [-200, 720, "200 ppm slow, +0.72 s"],
  [35, -126, "35 ppm fast, −0.13 s"],
  [0, 0, "exact, +0.00 s"],
])("a clock of %s ppm, moved by %s ms", (clock_drift_ppm, clock_corrected_ms, said) => {
  expect(clockText({ clock_drift_ppm, clock_corrected_ms })).toBe(said);
});

test.each([
  [0, "0 s"],
  [0.04, "0.1 s"],
  [3.84, "3.8 s"],
  [59.6, "1 min 0 s"],
  [200, "3 min 20 s"],
])("%s seconds", (seconds, said) => expect(secondsText(seconds)).toBe(said));

test("what the bucket did not take is a number, and something to look at", () => {
  expect(storedFacts({ uploads_waiting: null, lost_s: null })).toEqual([]);
  expect(storedFacts({ uploads_waiting: 12, lost_s: 0 })).toEqual([
    ["Uploads waiting", "12", false],
    ["Lost", "0 s", false],
  ]);
  expect(storedFacts({ uploads_waiting: 90, lost_s: 11.52 })).toEqual([
    ["Uploads waiting", "90", true],
    ["Lost", "12 s", true],
  ]);
});
