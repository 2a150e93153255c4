/** Marking a clip of what is shown, while it goes on: by keys, by buttons, exact to the picture. */
import { element } from "../../element";
import { beginOf, type Cut, cutOf, lastSeconds } from "../../live/pictures";
import { duration } from "../../format";
import { exactTime } from "../../live/times";
import type { Preview } from "./preview";

type Mark = "in" | "out";

export interface Clipper {
  root: HTMLElement;
  stop(): void;
}

const NAMES: Record<Mark, string> = { in: "In", out: "Out" };
const QUICK_S = [30, 60];
/** What moves a mark, and by how many pictures; `second`: so many are one. */
const NUDGES: [string, (second: number) => number][] = [
  ["−1 s", (second) => -second],
  ["−1 frame", () => -1],
  ["+1 frame", () => 1],
  ["+1 s", (second) => second],
];

/** `make` is called with a cut that was asked for; `channel` titles it until an editor does. */
export function createClipper(
  channel: () => string,
  preview: Preview,
  make: (cut: Cut, title: string, rate: number) => void,
): Clipper {
  const marks: Record<Mark, number | null> = { in: null, out: null };
  const now = element("span", { class: "timecode", role: "timer", "aria-label": "Shown picture" });
  const length = element("span", { class: "quiet" });
  const title = element("input", { "aria-label": "Title of the clip", placeholder: "Title of the clip" });
  const clip = element(
    "button",
    { type: "button", class: "primary", disabled: true, onclick: () => press() },
    "Make clip",
  );
  const labels = {
    in: element("output", { class: "timecode" }),
    out: element("output", { class: "timecode" }),
  };

  const show = (): void => {
    const { rate } = preview;
    for (const which of ["in", "out"] as const) {
      const mark = marks[which];
      for (const each of nudges[which]) each.disabled = mark === null;
      labels[which].textContent = mark === null ? "not set" : exactTime(beginOf(mark, rate));
    }
    const cut = cutOf(marks);
    const both = marks.in !== null && marks.out !== null;
    clip.disabled = cut === null;
    length.textContent = cut
      ? `${duration((cut.out - cut.in) / rate)} long`
      : both
        ? "Out has to come behind In."
        : "";
  };
  const set = (which: Mark, picture: number | null): void => {
    if (picture === null) return;
    marks[which] = picture;
    show();
  };
  /** Move a mark and show what it is now. */
  const nudge = (which: Mark, pictures: number): void => {
    const mark = marks[which];
    if (mark === null) return;
    set(which, mark + pictures);
    preview.show(mark + pictures);
  };
  const press = (): void => {
    const cut = cutOf(marks);
    if (!cut) return;
    make(cut, titled(cut), preview.rate);
    marks.in = marks.out = null;
    title.value = "";
    show();
  };
  const quick = (seconds: number): void => {
    const picture = preview.picture();
    if (picture === null) return;
    const cut = lastSeconds(seconds, picture, preview.rate);
    make(cut, titled(cut), preview.rate);
    title.value = "";
  };
  const titled = (cut: Cut): string =>
    title.value.trim() || `${channel()}, ${exactTime(beginOf(cut.in, preview.rate)).slice(0, 8)}`;

  /** `of`: what it is a button of, where the text alone does not say. */
  const button = (text: string, of: string, onclick: () => void, keys = "") =>
    element(
      "button",
      {
        type: "button",
        "aria-label": of ? `${text}, ${of}` : null,
        "aria-keyshortcuts": keys || null,
        onclick,
      },
      text,
    );
  const setting: Record<Mark, HTMLButtonElement> = {
    in: button("In (I)", "", () => set("in", preview.picture()), "I"),
    out: button("Out (O)", "", () => set("out", preview.picture()), "O"),
  };
  const nudging = (which: Mark) =>
    NUDGES.map(([text, pictures]) =>
      button(text, NAMES[which], () => nudge(which, pictures(Math.round(preview.rate)))),
    );
  const nudges: Record<Mark, HTMLButtonElement[]> = { in: nudging("in"), out: nudging("out") };
  const quicks = QUICK_S.map((seconds) => button(`Clip last ${seconds} s`, "", () => quick(seconds)));
  const marking = (which: Mark) => {
    const name = NAMES[which];
    return element(
      "div",
      { class: "mark", role: "group", "aria-label": name },
      setting[which],
      labels[which],
      element("span", { class: "nudges" }, ...nudges[which]),
    );
  };
  const keydown = (event: KeyboardEvent): void => {
    const typing = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]"))
      return;
    const picture = preview.picture();
    if (picture === null) return;
    const acts: Record<string, () => void> = {
      i: () => set("in", picture),
      o: () => set("out", picture),
      ",": () => preview.show(picture - 1),
      ".": () => preview.show(picture + 1),
    };
    const act = acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", keydown);
  /** There is something to be marked. */
  const allow = (is: boolean): void => {
    for (const each of [setting.in, setting.out, ...quicks]) each.disabled = !is;
  };
  preview.onPicture((picture) => {
    allow(picture !== null);
    now.textContent = picture === null ? "" : exactTime(beginOf(picture, preview.rate));
  });
  allow(false);
  show();
  return {
    root: element(
      "section",
      { class: "panel clipper", "aria-labelledby": "clip-heading" },
      element(
        "div",
        { class: "line" },
        element("h2", { id: "clip-heading" }, "Clip"),
        now,
        element("span", { class: "space" }),
        ...quicks,
      ),
      marking("in"),
      marking("out"),
      element("div", { class: "line" }, title, length, clip),
      element(
        "p",
        { class: "quiet" },
        "Out is the first picture that is no more shown. Keys: I and O mark, comma and full stop go by a frame, " +
          "arrows by ten seconds, space stops and plays, L is live.",
      ),
    ),
    stop: () => document.removeEventListener("keydown", keydown),
  };
}
