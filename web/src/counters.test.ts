import { expect, test } from "vitest";
import { Meter } from "./counters";

test("start-up is the time from the wish to the first frame", () => {
  const meter = new Meter();
  meter.wish(1000);
  meter.waiting(1100, false);
  meter.moving(1850);
  expect(meter.read(2850, 1)).toEqual({
    played_s: 1,
    rebuffer_s: 0,
    rebuffers: 0,
    startup_s: 0.85,
    played_kbit: 0,
    content_s: 1,
    latency_s2: 0,
    position_s: 1,
  });
});

test("speed and latency are added up over the time the picture moves", () => {
  const meter = new Meter();
  meter.wish(0);
  meter.pace(1, 3, 0);
  meter.moving(0);
  meter.pace(1.2, 2, 10_000);
  meter.waiting(15_000, false);
  const read = meter.read(60_000, 16);
  expect(read.played_s).toBe(15);
  expect(read.content_s).toBe(16);
  expect(read.latency_s2).toBe(40);
});

test("a stall counts as rebuffering, a seek does not", () => {
  const meter = new Meter();
  meter.wish(0);
  meter.moving(0);
  meter.waiting(2000, false);
  meter.moving(2500);
  meter.waiting(4500, true);
  const read = meter.read(5000, 9);
  expect(read.rebuffer_s).toBe(0.5);
  expect(read.rebuffers).toBe(1);
  expect(read.played_s).toBe(4.5);
});

test("a pause counts nothing, and counters never fall", () => {
  const meter = new Meter();
  meter.wish(0);
  meter.moving(100);
  meter.pause(1100);
  expect(meter.read(9000, 1).played_s).toBe(1);
  meter.wish(9000);
  meter.moving(9050);
  expect(meter.read(10_000, 2).played_s).toBe(2);
  expect(meter.read(10_000, 2).startup_s).toBe(0.1);
});

test("the rate that is shown is added up over the time it is shown", () => {
  const meter = new Meter();
  meter.wish(0);
  meter.showing(1000, 0);
  meter.moving(0);
  meter.showing(3000, 2000);
  expect(meter.read(3000, 3).played_kbit).toBe(5000);
});
