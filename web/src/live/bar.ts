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
  const said = element("div", { class: "said" });
  const { stills } = stream;
  const tip = element("div", { class: "tip", hidden: true }, stills?.root, said);
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
  /** Where it points. */
  let pointed: number | null = null;
  /** Somebody came here by keys: he is told of the head. */
  let keyed = false;

  const position = (): number => {
    const range = stream.range();
    return held !== null && range ? secondAt(held, range) : stream.video.currentTime;
  };
  /** `speaks`: tell those who listen too. Not of itself while it has the focus: they would hear of every second. */
  const draw = (speaks = document.activeElement !== slider): void => {
    const range = stream.range();
    slider.ariaDisabled = String(range === null);
    if (!range) return;
    const second = position();
    const fraction = held === null && stream.atEdge() ? 1 : fractionOf(second, range);
    slider.style.setProperty("--at", String(fraction));
    drawMarks();
    drawTip();
    if (!speaks) return;
    const late = stream.atEdge() && held === null ? 0 : Math.round(behind(second, range));
    slider.ariaValueMin = String(-Math.round(range.edge - range.start));
    slider.ariaValueNow = String(-late);
    const at = stream.clock()?.at(second) ?? null;
    const when = at === null ? "" : `${timeOfDay(at)}, `;
    const [end, before] = stream.phase === "over" ? ["the end", "before the end"] : ["live", "behind live"];
    slider.ariaValueText = when + (late ? `${spoken(late)} ${before}` : end);
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
  /** What is where the pointer is, or the head. The window moves on below a pointer that stands still. */
  const drawTip = (): void => {
    const range = stream.range();
    const fraction = pointed ?? (keyed && range ? fractionOf(position(), range) : null);
    tip.hidden = fraction === null || !range;
    if (fraction === null || !range) return stills?.rest();
    const second = secondAt(fraction, range);
    const at = stream.clock()?.at(second) ?? null;
    const late = behind(second, range);
    const near = nearest(shown, fraction, REACH_PX / Math.max(1, slider.clientWidth));
    const live = late < 1 && stream.phase !== "over";
    const when = [at === null ? "" : timeOfDay(at), live ? "live" : behindText(late)];
    said.replaceChildren(
      near ? element("b", {}, near.mark.title) : "",
      element("span", {}, when.filter(Boolean).join(" · ")),
    );
    stills?.want(second);
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
    if (event.pointerType !== "mouse") pointed = null;
    draw(true);
  };

  slider.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !stream.range()) return;
    slider.setPointerCapture(event.pointerId);
    held = pointed = point(event);
    keyed = false;
    draw();
  });
  slider.addEventListener("pointermove", (event) => {
    pointed = point(event);
    if (held === null) return drawTip();
    held = pointed;
    draw();
  });
  slider.addEventListener("pointerup", letGo);
  slider.addEventListener("pointercancel", () => {
    held = pointed = null;
    draw();
  });
  slider.addEventListener("pointerleave", () => {
    if (held !== null) return;
    pointed = null;
    drawTip();
  });
  slider.addEventListener("focus", () => {
    keyed = slider.matches(":focus-visible");
    drawTip();
  });
  slider.addEventListener("blur", () => {
    keyed = false;
    drawTip();
  });
  slider.addEventListener("keydown", (event) => {
    const range = stream.range();
    if (!range || event.ctrlKey || event.metaKey || event.altKey) return;
    const to = target(event.key, stream.video.currentTime, range.start);
    // Who sees what is under it sends it away (WCAG 1.4.13).
    if (event.key === "Escape" && !tip.hidden) pointed = null;
    else if (event.key === "End") stream.goLive();
    else if (to === null) return;
    else stream.seek(to);
    event.preventDefault();
    event.stopPropagation();
    keyed = event.key !== "Escape";
    draw(true);
  });
  return { root: slider, draw };
}

/** Where a key of a slider leads to; null for one that moves nothing. */
function target(key: string, from: number, start: number): number | null {
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
