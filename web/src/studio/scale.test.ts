import { expect, test } from "vitest";
import { pathOf, rateText, scaleOf } from "./scale";

const POINTS = [
  { bitrate: 100_000, vmaf: 40 },
  { bitrate: 800_000, vmaf: 90 },
];

test("all points lie within the plot, dearer ones further right, better ones higher", () => {
  const scale = scaleOf(POINTS, 400, 200);
  const [left, right] = POINTS.map((point) => scale.x(point.bitrate)) as [number, number];
  expect(left).toBeGreaterThan(0);
  expect(right).toBeLessThan(400);
  expect(left).toBeLessThan(right);
  expect(scale.y(100)).toBe(0);
  expect(scale.y(0)).toBe(200);
});

test("grid lines are twice apart, evenly spaced, and within", () => {
  const scale = scaleOf(POINTS, 400, 200);
  expect(scale.rates).toEqual([125_000, 250_000, 500_000]);
  const [a, b, c] = scale.rates.map(scale.x) as [number, number, number];
  expect(b - a).toBeCloseTo(c - b);
});

test("one point alone has a place", () => {
  expect(scaleOf([{ bitrate: 1_000_000, vmaf: 94 }], 400, 200).x(1_000_000)).toBeCloseTo(200);
});

test("a path goes through all points", () => {
  expect(pathOf(POINTS, scaleOf(POINTS, 400, 200))).toMatch(/^M[\d.]+ 120\.0L[\d.]+ 20\.0$/);
  expect(pathOf([], scaleOf(POINTS, 400, 200))).toBe("");
});

test("rates are told as people say them", () => {
  expect(rateText(145_400)).toBe("145 kb/s");
  expect(rateText(2_371_000)).toBe("2.4 Mb/s");
});
