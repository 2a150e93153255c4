import { expect, test } from "vitest";
import { backoff } from "./backoff";

test("each wait is twice the one before, up to a limit", () => {
  expect([0, 1, 2, 3].map((tries) => backoff(tries, 0.5))).toEqual([500, 1000, 2000, 4000]);
  expect(backoff(40, 0.5)).toBe(10_000);
});

test("viewers who lost the connection together do not come again together", () => {
  expect(backoff(2, 0)).toBe(1500);
  expect(backoff(2, 0.999)).toBe(2499);
});
