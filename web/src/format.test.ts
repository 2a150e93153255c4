import { expect, test } from "vitest";
import { bytes, duration, remaining, titleOf } from "./format";

test.each([
  [0, "0:00"],
  [59.6, "1:00"],
  [61, "1:01"],
  [3723, "1:02:03"],
])("%s s is shown as %s", (seconds, shown) => expect(duration(seconds)).toBe(shown));

test.each([
  [999, "999 B"],
  [1000, "1.0 kB"],
  [2_345_678, "2.3 MB"],
  [234_567_890, "235 MB"],
])("%s bytes are shown as %s", (count, shown) => expect(bytes(count)).toBe(shown));

test("time left is rounded to what an editor can use", () => {
  expect(remaining(0.2)).toBe("about 1 s");
  expect(remaining(130)).toBe("about 2 min");
  expect(remaining(5400)).toBe("about 1.5 h");
  expect(remaining(Infinity)).toBe("");
});

test.each([
  ["100m_final-heat 2.mp4", "100m final heat 2"],
  [".mp4", ".mp4"],
  ["決勝.mov", "決勝"],
])("%s becomes the title %s", (filename, title) => expect(titleOf(filename)).toBe(title));
