import { expect, test } from "vitest";
import { marksOf, type Tagged } from "./marks";

const tag = (more: Partial<Tagged>): Tagged => ({
  id: "m1",
  class: "com.example.channel.sport",
  startDate: new Date("2026-07-03T14:00:00.480Z"),
  duration: null,
  isValid: true,
  attr: { "X-TITLE": "Goal, 1:0" },
  ...more,
});

test("a mark has the kind that its class ends with, and its moment to the millisecond", () => {
  expect(marksOf([tag({ duration: 12.5 })])).toEqual([
    { id: "m1", kind: "sport", title: "Goal, 1:0", at: Date.UTC(2026, 6, 3, 14, 0, 0, 480), length: 12.5 },
  ]);
  expect(marksOf([tag({})])[0]?.length).toBe(0);
});

test("what has no title is for machines, and what contradicts itself for nobody", () => {
  expect(marksOf([tag({ attr: {} }), tag({ isValid: false }), undefined])).toEqual([]);
});
