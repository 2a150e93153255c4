import { expect, test } from "vitest";
import { beginOf, cutOf, lastSeconds, momentOf, pictureAt } from "./pictures";

const NOON = Date.UTC(2026, 6, 1, 12);

test.each([25, 30, 50, 60])(
  "at %s a second each picture is itself again, and clocks may be a little off",
  (rate) => {
    const first = pictureAt(NOON, rate);
    for (let picture = first; picture < first + 3 * rate; picture += 1) {
      const at = beginOf(picture, rate);
      for (const off of [-2, 0, 2]) expect(pictureAt(at + off, rate)).toBe(picture);
      // The service takes the picture that is shown at the moment: the last that began by then.
      const told = Date.parse(momentOf(picture, rate));
      expect(Math.floor((told * rate) / 1000)).toBe(picture);
    }
  },
);

test("marks are a cut only the right way round", () => {
  expect(cutOf({ in: 5, out: 6 })).toEqual({ in: 5, out: 6 });
  expect(cutOf({ in: 6, out: 6 })).toBeNull();
  expect(cutOf({ in: 5, out: null })).toBeNull();
});

test("the last half minute is exactly that", () => {
  const { in: from, out: to } = lastSeconds(30, pictureAt(NOON, 25), 25);
  expect([beginOf(from, 25), beginOf(to, 25)]).toEqual([NOON - 30_000, NOON]);
});
