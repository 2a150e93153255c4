import { expect, test } from "vitest";
import {
  add,
  change,
  type Cue,
  editable,
  fault,
  merge,
  placeAt,
  plain,
  remove,
  shift,
  split,
  toVtt,
  warnings,
} from "./cues";

const cue = (start: number, end: number, text: string): Cue => ({
  start,
  end,
  text,
  settings: "",
  identifier: "",
});
const THREE = [cue(1000, 2000, "one"), cue(3000, 4000, "two and more"), cue(5000, 6000, "three")];

test("a new cue ends where the next one begins, and has its place in time", () => {
  const { cues, at } = add(THREE, 2500);
  expect(at).toBe(1);
  expect([cues[1]?.start, cues[1]?.end]).toEqual([2500, 3000]);
  expect(add(THREE, 9000).cues[3]).toMatchObject({ start: 9000, end: 11_000 });
});

test("a cue that is moved behind another changes its place", () => {
  const { cues, at } = change(THREE, 0, { start: 4500, end: 4900 });
  expect([at, cues.map((each) => each.text)]).toEqual([1, ["two and more", "one", "three"]]);
});

test("a split shares text and time: at the caret, at the player's time, or in the middle", () => {
  const byCaret = split(THREE, 1, 3, 0);
  expect(byCaret.at).toBe(2);
  expect(byCaret.cues.slice(1, 3).map((each) => [each.start, each.end, each.text])).toEqual([
    [3000, 3250, "two"],
    [3250, 4000, "and more"],
  ]);
  expect(split(THREE, 1, null, 3700).cues[2]).toMatchObject({ start: 3700, text: "more" });
  expect(split([cue(0, 150, "short")], 0, 2, 0).cues).toHaveLength(1);
});

test("a merge keeps all text, the end, and does nothing behind the last", () => {
  expect(merge(THREE, 0).cues[0]).toEqual(cue(1000, 4000, "one\ntwo and more"));
  expect(merge(THREE, 2).cues).toEqual(THREE);
});

test("after a deletion the next one is at hand", () => {
  expect(remove(THREE, 1)).toEqual({ cues: [THREE[0], THREE[2]], at: 1 });
  expect(remove([cue(0, 1, "x")], 0).at).toBe(-1);
});

test("a shift goes no further than zero", () => {
  expect(shift(THREE, -1500).map((each) => [each.start, each.end])).toEqual([
    [0, 500],
    [1500, 2500],
    [3500, 4500],
  ]);
  expect(shift(THREE, -2000)).toHaveLength(2);
});

test("the cue of a time", () => {
  expect([500, 1000, 1999, 2500, 5500].map((now) => placeAt(THREE, now))).toEqual([-1, 0, 0, 0, 2]);
});

test("what a viewer would mind is told", () => {
  const bad = [cue(0, 2000, "Hello"), cue(1500, 2000, "Nobody reads as much as this in half a second")];
  expect(warnings(bad, 0)).toEqual([]);
  expect(warnings(bad, 1)).toHaveLength(2);
  expect(fault(cue(5, 5, "x"))).toContain("ends before");
  expect(fault(cue(0, 5, "<i> </i>"))).toContain("no text");
  expect(fault(THREE[0] as Cue)).toBeNull();
});

test("markup is not read, and escapes stay what they are", () => {
  expect(plain("<i>Fish</i> &amp; &lt;chips&gt;")).toBe("Fish & <chips>");
  expect(editable("Fish &amp; chips &amp;lt; &lt;b&gt;")).toBe("Fish & chips &amp;lt; &lt;b&gt;");
});

test("a copy for the desk", () => {
  expect(toVtt([cue(3_723_004, 3_724_000, "late")])).toBe("WEBVTT\n\n01:02:03.004 --> 01:02:04.000\nlate\n");
});
