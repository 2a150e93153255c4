import { expect, test } from "vitest";
import type { ChannelState } from "./api";
import { type Seen, situationOf } from "./situation";

const seen = (
  state: ChannelState | null,
  more: Partial<Seen> = {},
  recording: string | null = null,
): Seen => ({
  channel: state && { state, recording, starts_at: null },
  phase: "playing",
  underway: true,
  moving: true,
  ...more,
});

test("before the first picture a viewer waits, whatever is left of the event before", () => {
  expect(situationOf(seen("waiting"))).toEqual({ is: "waiting", startsAt: null });
  expect(situationOf(seen("idle", { phase: null }))).toEqual({ is: "waiting", startsAt: null });
});

test("who watches is told nothing", () => {
  expect(situationOf(seen("live"))).toEqual({ is: "watching", said: "" });
  expect(situationOf(seen(null, { phase: "loading" }))).toEqual({ is: "watching", said: "" });
});

test("an interruption covers nothing while there are pictures", () => {
  expect(situationOf(seen("interrupted"))).toMatchObject({
    is: "watching",
    said: expect.stringContaining("interrupted"),
  });
  expect(situationOf(seen("interrupted", { phase: "lost", moving: false }))).toMatchObject({
    is: "lost",
    said: expect.stringContaining("interrupted"),
  });
});

test("a lost connection is said so", () => {
  expect(situationOf(seen("live", { phase: "lost", moving: false }))).toMatchObject({
    is: "lost",
    said: expect.stringContaining("connection"),
  });
});

test("after the end who is in the middle watches on; everybody else is shown the recording", () => {
  expect(situationOf(seen("ended", {}, "a1"))).toMatchObject({ is: "watching" });
  expect(situationOf(seen("ended", { underway: false }, "a1"))).toEqual({ is: "ended", recording: "a1" });
  expect(situationOf(seen("ended", { phase: "lost" }))).toEqual({ is: "ended", recording: null });
});

test("what was loaded before is watched to its end, whatever is lost by then", () => {
  expect(situationOf(seen("live", { phase: "lost" }))).toMatchObject({ is: "watching" });
});
