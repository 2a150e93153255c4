/** The marks of an event as a list: for who does not point at a bar. Newest first. */
import { element } from "../element";
import { placed } from "./geometry";
import type { Stream } from "./stream";
import { timeOfDay } from "./times";

const SHOWN = 100;
const DRAW_MS = 1000;

export interface Moments {
  root: HTMLElement;
  /** Show those of this stream from now on; null for none. */
  follow(stream: Stream | null): void;
}

export function createMoments(): Moments {
  const list = element("ol", { class: "moments" });
  const root = element(
    "section",
    { "aria-labelledby": "moments-heading", hidden: true },
    element("h2", { id: "moments-heading" }, "Moments"),
    list,
  );
  let shown = "";
  let timer = 0;
  const draw = (stream: Stream): void => {
    const range = stream.range();
    const clock = stream.clock();
    const marks = range && clock ? placed(stream.marks(), range, clock).slice(-SHOWN).reverse() : [];
    root.hidden = marks.length === 0;
    const now = marks.map(({ mark }) => `${mark.id} ${mark.title}`).join("\n");
    if (now === shown) return;
    shown = now;
    list.replaceChildren(
      ...marks.map(({ mark }) =>
        element(
          "li",
          { "data-kind": mark.kind },
          element(
            "button",
            { type: "button", onclick: (): void => stream.seek(stream.clock()?.find(mark.at) ?? 0) },
            element("time", { datetime: new Date(mark.at).toISOString() }, timeOfDay(mark.at)),
            " ",
            mark.title,
          ),
        ),
      ),
    );
  };
  return {
    root,
    follow: (stream) => {
      clearInterval(timer);
      root.hidden = true;
      if (!stream) return;
      draw(stream);
      timer = window.setInterval(() => draw(stream), DRAW_MS);
    },
  };
}
