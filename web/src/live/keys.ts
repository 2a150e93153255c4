/** What keys do in a live player. Pure. */

export type Action =
  | { do: "toggle" | "live" | "start" | "mute" | "fullscreen" }
  | { do: "step"; seconds: number }
  | { do: "volume"; by: number };

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What has the focus, as far as it matters: text takes all keys, a slider those that move it, a button those that press. */
export type Focus = "text" | "slider" | "button" | "page";

const ACTIONS: Record<string, Action> = {
  " ": { do: "toggle" },
  k: { do: "toggle" },
  arrowleft: { do: "step", seconds: -10 },
  arrowright: { do: "step", seconds: 10 },
  j: { do: "step", seconds: -10 },
  pageup: { do: "step", seconds: 60 },
  pagedown: { do: "step", seconds: -60 },
  arrowup: { do: "volume", by: 0.05 },
  arrowdown: { do: "volume", by: -0.05 },
  home: { do: "start" },
  end: { do: "live" },
  l: { do: "live" },
  m: { do: "mute" },
  f: { do: "fullscreen" },
};

const PRESSING = new Set([" ", "enter"]);
const SCROLLING = new Set(["arrowup", "arrowdown", "pageup", "pagedown"]);
const MOVING = new Set([...SCROLLING, "arrowleft", "arrowright", "home", "end"]);

/** Null: the key is not for the player. `inside`: the focus is in the player; else keys that scroll are the page's. */
export function actionOf(pressed: Pressed, focus: Focus, inside: boolean): Action | null {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || focus === "text") return null;
  const key = pressed.key.toLowerCase();
  if (focus === "button" && PRESSING.has(key)) return null;
  if (focus === "slider" && MOVING.has(key)) return null;
  if (!inside && SCROLLING.has(key)) return null;
  return ACTIONS[key] ?? null;
}

/** What has the focus; `path` is the event's, into the shadow trees of a player's own elements. */
export function focusOf(path: readonly EventTarget[]): Focus {
  const target = path[0];
  if (!(target instanceof HTMLElement)) return "page";
  if (target.matches("[type=range], [role=slider]")) return "slider";
  if (
    target.isContentEditable ||
    target.matches("textarea, select, input:not([type=checkbox], [type=radio])")
  ) {
    return "text";
  }
  return target.closest("a[href], button, input, summary, [role=button], [role^=menuitem]")
    ? "button"
    : "page";
}
