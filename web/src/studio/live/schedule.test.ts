import { expect, test } from "vitest";
import { fromLocal, toLocal } from "./schedule";

test("what a field shows is the same moment again", () => {
  const iso = "2026-07-03T14:05:00.000Z";
  expect(toLocal(iso)).toMatch(/^2026-07-0[234]T\d\d:\d5$/);
  expect(fromLocal(toLocal(iso))).toBe(iso);
});

test("an empty field is no moment", () => {
  expect(toLocal(null)).toBe("");
  expect(fromLocal("")).toBeNull();
});
