import { expect, test } from "vitest";
import { graphOf, pushed } from "./graph";

test("only the last values are kept", () => expect(pushed([1, 2, 3], 4, 3)).toEqual([2, 3, 4]));

test("the newest value is at the right end, zero at the lower edge", () => {
  expect(graphOf([0, 10], 3, 100, 22)).toBe("M50.0 22.0L100.0 2.0");
});

test("what is not known is a hole", () => {
  expect(graphOf([10, null, 10], 3, 100, 11)).toBe("M0.0 1.0M100.0 1.0");
  expect(graphOf([], 3, 100, 11)).toBe("");
});
