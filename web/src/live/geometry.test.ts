import { expect, test } from "vitest";
import { clockOf } from "./clock";
import { behind, fractionOf, type Mark, nearest, placed, secondAt } from "./geometry";

const RANGE = { start: 100, edge: 300 };
const CLOCK = clockOf([{ start: 0, duration: 400, programDateTime: 1_000_000 }]);

function mark(id: string, second: number, length = 0): Mark {
  return { id, kind: "marker", title: id, at: 1_000_000 + second * 1000, length };
}

test.each([
  [100, 0],
  [150, 0.25],
  [300, 1],
  [40, 0],
  [301, 1],
])("second %s lies at %s of the bar", (second, fraction) => expect(fractionOf(second, RANGE)).toBe(fraction));

test.each([
  [0, 100],
  [0.25, 150],
  [1, 300],
  [-1, 100],
  [2, 300],
])("%s of the bar is second %s", (fraction, second) => expect(secondAt(fraction, RANGE)).toBe(second));

test("a window that has no length yet is all edge", () => {
  const none = { start: 5, edge: 5 };
  expect(fractionOf(5, none)).toBe(1);
  expect(secondAt(0.3, none)).toBe(5);
});

test("who is ahead of the edge is not behind live", () => {
  expect(behind(290, RANGE)).toBe(10);
  expect(behind(301, RANGE)).toBe(0);
});

test("only marks of the window are shown, in their order; one that began before it begins with it", () => {
  const shown = placed(
    [mark("late", 200), mark("gone", 50), mark("long", 90, 60), mark("to come", 301)],
    RANGE,
    CLOCK,
  );
  expect(shown.map((each) => [each.mark.id, each.second, each.from, each.to])).toEqual([
    ["long", 100, 0, 0.25],
    ["late", 200, 0.5, 0.5],
  ]);
});

test("the nearest mark in reach is the one pointed at", () => {
  const shown = placed([mark("a", 150), mark("b", 160)], RANGE, CLOCK);
  expect(nearest(shown, 0.26, 0.05)?.mark.id).toBe("a");
  expect(nearest(shown, 0.29, 0.05)?.mark.id).toBe("b");
  expect(nearest(shown, 0.6, 0.05)).toBeUndefined();
});
