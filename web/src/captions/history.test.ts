import { expect, test } from "vitest";
import { History } from "./history";

test("what was done is undone and done again, typing as one", () => {
  const history = new History("");
  history.set("a", "text 1");
  history.set("ab", "text 1");
  history.set("abc", "text 2");
  expect(history.undo()).toBe("ab");
  expect(history.undo()).toBe("");
  expect(history.canUndo).toBe(false);
  expect(history.undo()).toBe("");
  expect(history.redo()).toBe("ab");
  history.set("x");
  expect(history.canRedo).toBe(false);
  expect(history.undo()).toBe("ab");
});
