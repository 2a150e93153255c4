import { expect, test } from "vitest";
import { beyondGap, type Stretch } from "./gaps";

/** Segments of 2 s from second 0 on; a dot is a gap. */
const playlist = (text: string): Stretch[] =>
  [...text].map((mark, place) => ({ start: 2 * place, duration: 2, gap: mark === "." }));

test("who stands in front of a hole, or in it, goes on behind it", () => {
  expect(beyondGap(playlist("xx..xx"), 3.8)).toBeCloseTo(8.05);
  expect(beyondGap(playlist("xx..xx"), 5)).toBeCloseTo(8.05);
});

test("in the middle of a segment there is only a wait", () =>
  expect(beyondGap(playlist("xx..xx"), 3)).toBeNull());

test("while nothing has come behind it there is no way out", () => {
  expect(beyondGap(playlist("xx.."), 3.9)).toBeNull();
  expect(beyondGap(playlist("xxxx"), 7.9)).toBeNull();
  expect(beyondGap([], 1)).toBeNull();
});
