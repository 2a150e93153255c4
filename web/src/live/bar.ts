/** The bar over all that viewers may go back to: where one is, what was when, and a way there. */
import { element } from "../element";
import { behind, clamp, fractionOf, nearest, placed, type PlacedMark, secondAt } from "./geometry";
import type { Stream } from "./stream";
import { behindText, spoken, timeOfDay } from "./times";

/** How near (pixels) the pointer must come to a mark. */
const REACH_PX = 9;
const STEP_S = 10;
const PAGE_S = 60;

export interface Bar {
  root: HTMLElement;
  /** Show everything as it is now. */
  draw(): void;
}

export function createBar(stream: Stream): Bar {
  const played = element("div", { class: "played" });
  const marks = element("div", { class: "marks" });
  const head = element("div", { class: "head" });
  const tip = element("div", { class: "tip", hidden: true });
  const slider = element(
    "div",
    {
      class: "dvr",
      role: "slider",
      tabindex: 0,
      "aria-label": "Position in the broadcast",
      "aria-valuemax": 0,
    },
    element("div", { class: "track", "aria-hidden": "true" }, played, marks),
    head,
    tip,
  );
  let shown: PlacedMark[] = [];
  let drawn = "";
  /** Where the pointer holds the head, until it lets go. */
  let held: number | null = null;

  const position = (): number => {
    const range = stream.range();
    return held !== null && range ? secondAt(held, range) : stream.video.currentTime;
  };
  /** `said`: tell those who listen too. Not of itself while it has the focus: they would hear of every second. */
  const draw = (said = document.activeElement !== slider): void => {
    const range = stream.range();
    slider.ariaDisabled = String(range === null);
    if (!range) return;
    const second = position();
    const fraction = held === null && stream.atEdge() ? 1 : fractionOf(second, range);
    slider.style.setProperty("--at", String(fraction));
    drawMarks();
    if (!said) return;
    const late = stream.atEdge() && held === null ? 0 : Math.round(behind(second, range));
    slider.ariaValueMin = String(-Math.round(range.edge - range.start));
    slider.ariaValueNow = String(-late);
    const at = stream.clock()?.at(second) ?? null;
    const when = at === null ? "" : `${timeOfDay(at)}, `;
    slider.ariaValueText = when + (late ? `${spoken(late)} behind live` : "live");
  };
  const drawMarks = (): void => {
    const range = stream.range();
    const clock = stream.clock();
    shown = range && clock ? placed(stream.marks(), range, clock) : [];
    const now = shown.map(
      (each) => `${each.mark.id} ${each.mark.kind} ${each.from.toFixed(4)} ${each.to.toFixed(4)}`,
    );
    if (now.join() === drawn) return;
    drawn = now.join();
    marks.replaceChildren(
      ...shown.map((each) => {
        const made = element("i", { "data-kind": each.mark.kind });
        made.style.setProperty("--from", String(each.from));
        made.style.setProperty("--to", String(each.to));
        return made;
      }),
    );
  };
  const point = (event: PointerEvent): number => {
    const box = slider.getBoundingClientRect();
    return clamp((event.clientX - box.left) / Math.max(1, box.width), 0, 1);
  };
  const tell = (fraction: number): void => {
    const range = stream.range();
    if (!range) return;
    const second = secondAt(fraction, range);
    const at = stream.clock()?.at(second) ?? null;
    const late = behind(second, range);
    const near = nearest(shown, fraction, REACH_PX / Math.max(1, slider.clientWidth));
    tip.replaceChildren(
      near ? element("b", {}, near.mark.title) : "",
      element("span", {}, [at === null ? "" : timeOfDay(at), behindText(late)].filter(Boolean).join(" · ")),
    );
    tip.hidden = false;
    // It stays within the bar.
    const half = tip.offsetWidth / 2 / Math.max(1, slider.clientWidth);
    tip.style.setProperty("--at", String(clamp(fraction, half, 1 - half)));
  };
  const letGo = (event: PointerEvent): void => {
    if (held === null) return;
    const range = stream.range();
    const near = nearest(shown, point(event), REACH_PX / Math.max(1, slider.clientWidth));
    if (range && held >= 1) stream.goLive();
    else if (range) stream.seek(near ? near.second : secondAt(held, range));
    held = null;
    tip.hidden = event.pointerType !== "mouse";
    draw(true);
  };

  slider.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !stream.range()) return;
    slider.setPointerCapture(event.pointerId);
    held = point(event);
    tell(held);
    draw();
  });
  slider.addEventListener("pointermove", (event) => {
    const fraction = point(event);
    if (held !== null) held = fraction;
    tell(fraction);
    if (held !== null) draw();
  });
  slider.addEventListener("pointerup", letGo);
  slider.addEventListener("pointercancel", () => {
    held = null;
    tip.hidden = true;
    draw();
  });
  slider.addEventListener("pointerleave", () => {
    if (held === null) tip.hidden = true;
  });
  slider.addEventListener("keydown", (event) => {
    const range = stream.range();
    if (!range || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = keyed(event.key, stream.video.currentTime, range.start);
    if (event.key === "End") stream.goLive();
    else if (to === null) return;
    else stream.seek(to);
    event.preventDefault();
    event.stopPropagation();
    draw(true);
  });
  return { root: slider, draw };
}

/** Where a key of a slider leads to; null for one that moves nothing. */
function keyed(key: string, from: number, start: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -STEP_S,
    ArrowDown: -STEP_S,
    ArrowRight: STEP_S,
    ArrowUp: STEP_S,
    PageDown: -PAGE_S,
    PageUp: PAGE_S,
  };
  if (key === "Home") return start;
  const step = steps[key];
  return step === undefined ? null : from + step;
}
