import { expect, test } from "vitest";
import type { Replacement } from "../api";
import { replacing } from "./replacing";

const COMING: Replacement = {
  version: 2,
  state: "playable",
  source_filename: null,
  source_size: 700,
  failure: null,
};
const FAILED: Partial<Replacement> = {
  state: "failed",
  failure: { code: "no", message: "No memory." },
};
const LIVE = { source_filename: null, source_size: 700 };
const FILE = { source_filename: "a.mp4", source_size: 700 };

test("a clip of a running channel can be played while it is made exact", () => {
  expect(replacing(LIVE, COMING, 41.9)).toBe("Playable already; being made exact to the frame 41 %");
  expect(replacing(LIVE, COMING, null)).toBe("Playable already; being made exact to the frame");
  const failed = replacing(LIVE, { ...COMING, ...FAILED }, null);
  expect(failed).toBe("It could not be made exact to the frame: No memory.");
});

test("another file, or a trim of one, replaces what is played", () => {
  const upload: Replacement = { ...COMING, source_filename: "b.mp4", source_size: 900 };
  expect(replacing(LIVE, upload, 3)).toBe("Replacing, encoding 3 %");
  expect(replacing(LIVE, { ...upload, source_filename: null }, null)).toBe("Replacing, encoding");
  expect(replacing(FILE, { ...COMING, state: "indexing" }, null)).toBe("Replacing, reading");
  const failed = replacing(FILE, { ...COMING, ...FAILED }, null);
  expect(failed).toBe("The replacement failed: No memory.");
});
