import { expect, test } from "vitest";
import { actionOf } from "./keys";

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

test.each([
  [" ", { do: "toggle" }],
  ["ArrowLeft", { do: "step", seconds: -10 }],
  ["ArrowRight", { do: "step", seconds: 10 }],
  ["End", { do: "live" }],
  ["L", { do: "live" }],
  ["m", { do: "mute" }],
  ["f", { do: "fullscreen" }],
  ["x", null],
])("%s in the player", (key, action) => expect(actionOf(press(key), "page", true)).toEqual(action));

test("what is typed is never a command, and the browser's own keys stay its own", () => {
  expect(actionOf(press("m"), "text", true)).toBeNull();
  expect(actionOf(press("f", { ctrlKey: true }), "page", true)).toBeNull();
  expect(actionOf(press("l", { metaKey: true }), "page", true)).toBeNull();
});

test("a focused button is pressed by the space bar, a slider moved by arrows; all else goes on to the player", () => {
  expect(actionOf(press(" "), "button", true)).toBeNull();
  expect(actionOf(press("ArrowLeft"), "button", true)).toEqual({ do: "step", seconds: -10 });
  expect(actionOf(press("ArrowLeft"), "slider", true)).toBeNull();
  expect(actionOf(press("l"), "slider", true)).toEqual({ do: "live" });
});

test("with the focus elsewhere keys that scroll are the page's", () => {
  expect(actionOf(press("ArrowDown"), "page", false)).toBeNull();
  expect(actionOf(press("PageUp"), "page", false)).toBeNull();
  expect(actionOf(press(" "), "page", false)).toEqual({ do: "toggle" });
  expect(actionOf(press("ArrowRight"), "page", false)).toEqual({ do: "step", seconds: 10 });
});
