import { expect, test } from "vitest";
import { exactRate, frameAt, rateOf, timecode, within } from "./frames";

test("rates of three decimals are what they stand for", () => {
  expect(exactRate(25)).toBe(25);
  expect(exactRate(29.97)).toBe(30000 / 1001);
  expect(exactRate(23.976)).toBe(24000 / 1001);
  expect(exactRate(12.5)).toBe(12.5);
});

test("the grid has the highest rate that is listed", () => {
  const playlist =
    "#EXT-X-STREAM-INF:BANDWIDTH=1,FRAME-RATE=29.970\na\n#EXT-X-STREAM-INF:FRAME-RATE=59.940\nb\n";
  expect(rateOf(playlist)).toBe(60000 / 1001);
  expect(rateOf("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n")).toBeNull();
});

test("every frame of two hours is found again", () => {
  for (const rate of [24, 25, 30000 / 1001, 50, 60000 / 1001])
    for (let frame = 0; frame < 7200 * rate; frame += 997) {
      expect(frameAt(frame / rate, rate)).toBe(frame);
      expect(Math.floor(within(frame, rate) * rate)).toBe(frame);
    }
});

test("timecodes count frames", () => {
  expect(timecode(1562, 25)).toBe("00:01:02:12");
  expect(timecode(1800, 30000 / 1001)).toBe("00:01:00:00");
});
