import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { follow } from "./follow";

const reported = vi.fn();
let shown: () => void = () => {};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("reportError", reported);
  vi.stubGlobal("document", {
    visibilityState: "visible",
    addEventListener: (_: string, listener: () => void) => (shown = listener),
    removeEventListener: () => (shown = () => {}),
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  reported.mockReset();
});

test("it comes again when the work says so, and not after its end", async () => {
  const work = vi.fn(() => Promise.resolve(1000));
  const stop = follow(work);
  await vi.advanceTimersByTimeAsync(2500);
  expect(work).toHaveBeenCalledTimes(3);
  stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(work).toHaveBeenCalledTimes(3);
});

test("a fault is reported and does not end it", async () => {
  const fault = new TypeError("an answer that nobody understands");
  const work = vi.fn().mockRejectedValueOnce(fault).mockResolvedValue(1000);
  const stop = follow(work);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(reported).toHaveBeenCalledWith(fault);
  expect(work).toHaveBeenCalledTimes(2);
  stop();
});

test("a hidden page asks nothing, and asks when it is shown again", async () => {
  const work = vi.fn(() => Promise.resolve(1000));
  const stop = follow(work);
  vi.stubGlobal("document", { ...document, visibilityState: "hidden" });
  await vi.advanceTimersByTimeAsync(10_000);
  const before = work.mock.calls.length;
  vi.stubGlobal("document", { ...document, visibilityState: "visible" });
  shown();
  await vi.advanceTimersByTimeAsync(0);
  expect(work).toHaveBeenCalledTimes(before + 1);
  stop();
});
