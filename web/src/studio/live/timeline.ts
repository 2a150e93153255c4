/** The timeline of the event: what viewers find marked on their bars, and devices react to. */
import { Problem } from "../../api";
import { element } from "../../element";
import { duration } from "../../format";
import { channels, type MarkKind, type TimelineMark } from "../../live/api";
import { follow } from "../../live/follow";
import { beginOf } from "../../live/pictures";
import { timeOfDay } from "../../live/times";
import { createReader } from "../turns";
import type { Preview } from "./preview";

const LOOK_AGAIN_MS = 5000;
const KINDS: [MarkKind, string][] = [
  ["marker", "Marker"],
  ["sport", "Sport event"],
  ["program", "Programme"],
  ["product", "Product"],
  ["ad", "Advertisement"],
];
/** What an empty length means. */
const INSTANT = "seconds, or none";
const OPEN = "seconds, or until ended";
/** They go on until somebody ends them; the others are moments. */
const LASTING = new Set<MarkKind>(["program", "product", "ad"]);

export interface TimelinePanel {
  root: HTMLElement;
  stop(): void;
}

export function createTimeline(channel: string, preview: Preview): TimelinePanel {
  const list = element("ol", { class: "moments" });
  const said = element("p", { class: "said", role: "status" });
  const kind = element(
    "select",
    { "aria-label": "Kind" },
    ...KINDS.map(([value, name]) => element("option", { value }, name)),
  );
  const title = element("input", {
    "aria-label": "Title of the mark",
    placeholder: "100 m final, start",
    required: true,
    maxlength: 200,
  });
  const lasts = element("input", {
    type: "number",
    min: 0,
    max: 86_400,
    step: "any",
    placeholder: INSTANT,
    "aria-label": "Lasts, in seconds",
  });
  const form = element(
    "form",
    { class: "line" },
    kind,
    title,
    lasts,
    element("button", { class: "primary", title: "At the picture that the preview shows" }, "Mark here"),
  );
  let shown = "";

  const show = (marks: TimelineMark[]): void => {
    if (JSON.stringify(marks) === shown) return;
    shown = JSON.stringify(marks);
    list.replaceChildren(...marks.slice().reverse().map(row));
    list.hidden = marks.length === 0;
  };
  const row = (mark: TimelineMark): HTMLElement => {
    const at = Date.parse(mark.at);
    const name = KINDS.find(([value]) => value === mark.kind)?.[1] ?? mark.kind;
    return element(
      "li",
      { "data-kind": mark.kind },
      element(
        "button",
        { type: "button", title: "Show it in the preview", onclick: (): void => preview.goTo(at) },
        element("time", { datetime: mark.at }, timeOfDay(at)),
        mark.title || name,
        element("span", { class: "quiet" }, ` ${name}${lasting(mark)}`),
      ),
      mark.duration_s === null &&
        element(
          "button",
          {
            type: "button",
            onclick: () =>
              void attempt(
                () => channels.endMark(channel, mark.id),
                () => "has ended",
              ),
          },
          "End",
        ),
    );
  };
  const { read: refresh } = createReader(
    () => channels.timeline(channel),
    ({ marks }) => show(marks),
  );
  const attempt = async (
    work: () => Promise<TimelineMark>,
    done: (mark: TimelineMark) => string,
  ): Promise<boolean> => {
    try {
      const mark = await work();
      said.textContent = `“${mark.title || mark.kind}” ${done(mark)}.`;
      await refresh();
      return true;
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
      return false;
    }
  };
  kind.addEventListener("change", () => {
    lasts.placeholder = LASTING.has(kind.value as MarkKind) ? OPEN : INSTANT;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const picture = preview.picture();
    const [named, length] = [title.value.trim(), lasts.value];
    title.value = lasts.value = "";
    const isSet = await attempt(
      () =>
        channels.mark(channel, {
          kind: kind.value as MarkKind,
          title: named,
          ...(picture === null ? {} : { at: new Date(beginOf(picture, preview.rate)).toISOString() }),
          ...(length ? { duration_s: Number(length) } : {}),
        }),
      (mark) => `is marked at ${timeOfDay(Date.parse(mark.at))}`,
    );
    // What was refused can be tried again, unless the next one is being written.
    if (!isSet && !title.value) [title.value, lasts.value] = [named, length];
  });
  const root = element(
    "section",
    { class: "panel", "aria-labelledby": "timeline-heading", hidden: true },
    element("h2", { id: "timeline-heading" }, "Timeline"),
    form,
    said,
    list,
  );
  const stop = follow(async () => {
    try {
      await refresh();
      root.hidden = false;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    return LOOK_AGAIN_MS;
  });
  return { root, stop };
}

function lasting(mark: TimelineMark): string {
  if (mark.duration_s === null) return ", goes on";
  return mark.duration_s > 0 ? `, ${duration(mark.duration_s)} long` : "";
}
