/** Marking a part of what is played, to make a clip of it or to trim the asset: by keys, by buttons, exact to the frame. */
import { type Asset, assets, Problem } from "../api";
import { element } from "../element";
import { frameAt, rateOf, timecode, within } from "./frames";

const KEYS: Record<string, "in" | "out" | "back" | "on"> = { i: "in", o: "out", ",": "back", ".": "on" };

/** The panel below a preview; `dialog` is where its keys are heard. `made` is told of a new clip. */
export function createCutter(
  asset: Asset,
  video: HTMLVideoElement,
  dialog: HTMLElement,
  made: (clip: Asset) => void,
): HTMLElement {
  let rate = 25;
  let shown = 0;
  const marks: { in: number | null; out: number | null } = { in: null, out: null };
  const now = element("span", { class: "timecode", role: "timer", "aria-label": "Shown frame" });
  const said = element("p", { class: "said", role: "status" });
  const title = element("input", { "aria-label": "Title of the clip", placeholder: `${asset.title}, clip` });
  const labels = {
    in: element("span", { class: "timecode" }),
    out: element("span", { class: "timecode" }),
  };

  const show = (): void => {
    now.textContent = timecode(shown, rate);
    labels.in.textContent = marks.in === null ? "beginning" : timecode(marks.in, rate);
    labels.out.textContent = marks.out === null ? "end" : timecode(marks.out, rate);
  };
  const step = (frames: number): void => {
    video.pause();
    video.currentTime = within(shown + frames, rate);
  };
  const mark = (which: "in" | "out"): void => {
    marks[which] = shown;
    show();
  };
  const act = (what: "in" | "out" | "back" | "on"): void => {
    if (what === "in" || what === "out") mark(what);
    else step(what === "on" ? 1 : -1);
  };
  const body = (): { in: string; out?: string } => ({
    in: `${marks.in ?? 0}f`,
    ...(marks.out === null ? {} : { out: `${marks.out}f` }),
  });
  const attempt = async (work: () => Promise<string>): Promise<void> => {
    said.textContent = "One moment …";
    try {
      said.textContent = await work();
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  const clip = () =>
    attempt(async () => {
      const wanted = { ...body(), title: title.value.trim() || title.placeholder };
      const found = await assets.clip(asset.id, { ...wanted, default_language: asset.default_language });
      made(found);
      return `“${found.title}” is made: a draft that can be played.`;
    });
  const trim = () =>
    attempt(async () => {
      if (!window.confirm(`Trim “${asset.title}”? What lies outside of the marks is no more shown.`))
        return "";
      await assets.trim(asset.id, body());
      return "What is left takes its place as soon as it is encoded.";
    });

  const poster = () =>
    attempt(async () => {
      // In the middle of the frame: neither end of it is a matter of rounding.
      await assets.choosePoster(asset.id, { at_s: (shown + 0.5) / rate });
      return "The shown frame is the poster now.";
    });

  const button = (text: string, keys: string, onclick: () => unknown) =>
    element(
      "button",
      { type: "button", "aria-keyshortcuts": keys || null, onclick: (): void => void onclick() },
      text,
    );
  const panel = element(
    "div",
    { class: "cutter", role: "group", "aria-label": "Cut" },
    element(
      "div",
      { class: "marks" },
      button("−1 frame", ",", () => step(-1)),
      now,
      button("+1 frame", ".", () => step(1)),
      element(
        "span",
        { class: "mark" },
        button("In (I)", "I", () => mark("in")),
        labels.in,
      ),
      element(
        "span",
        { class: "mark" },
        button("Out (O)", "O", () => mark("out")),
        labels.out,
      ),
    ),
    element(
      "div",
      { class: "marks" },
      title,
      button("Make clip", "", clip),
      button("Trim this asset", "", trim),
      asset.poster_url !== null && button("Use as poster", "", poster),
    ),
    element(
      "p",
      { class: "quiet" },
      "Out is the first picture that is no more shown. Keys: I, O, comma, full stop.",
    ),
    said,
  );
  dialog.addEventListener("keydown", (event) => {
    const what = KEYS[event.key.toLowerCase()];
    const typing = event.target instanceof HTMLInputElement;
    if (!what || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(what);
  });
  const watch = (_: number, frame: { mediaTime: number }): void => {
    shown = frameAt(frame.mediaTime, rate);
    show();
    video.requestVideoFrameCallback(watch);
  };
  video.requestVideoFrameCallback(watch);
  void fetch(`/v/${encodeURIComponent(asset.id)}/index.m3u8`)
    .then((answer) => answer.text())
    .then((playlist) => {
      const told = rateOf(playlist);
      panel.hidden = told === null;
      rate = told ?? rate;
      show();
    });
  show();
  return panel;
}
