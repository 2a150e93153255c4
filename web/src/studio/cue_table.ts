/** The cues of a track as a list of fields: times, text, and what a viewer would mind. */
import { parseTime, timeText } from "../captions/clock";
import { type Cue, type Cues, editable, fault, warnings } from "../captions/cues";
import { element } from "../element";

export interface TableEvents {
  /** Values that were typed into the cue at a place. `kind`: what is undone together. */
  changed(at: number, values: Partial<Cue>, kind: string | null): void;
  chosen(at: number): void;
  goTo(at: number): void;
}

export interface CueTable {
  root: HTMLElement;
  /** Show these cues; `at` is the chosen one. */
  show(cues: Cues, at: number): void;
  /** The text of the cue at `at` was typed: only its warnings change. */
  touch(cues: Cues, at: number): void;
  /** Put the caret into the text of a cue. */
  focus(at: number): void;
  /** Where the caret stands in the text of a cue; null if it is elsewhere. */
  caret(at: number): number | null;
}

export function createCueTable(events: TableEvents): CueTable {
  const root = element("ol", { class: "cues", "aria-label": "Cues" });
  const rowAt = (at: number) => root.children[at] as HTMLElement | undefined;
  const textOf = (at: number) => rowAt(at)?.querySelector("textarea") ?? null;

  const timeField = (at: number, cue: Cue, edge: "start" | "end"): HTMLElement => {
    const name = edge === "start" ? "In" : "Out";
    const field = element("input", {
      class: "time",
      value: timeText(cue[edge]),
      inputmode: "decimal",
      "aria-label": `${name}, cue ${at + 1}`,
      onfocus: () => events.chosen(at),
    });
    field.addEventListener("change", () => {
      const ms = parseTime(field.value);
      field.setCustomValidity(ms === null ? "A time like 1:02.500." : "");
      if (ms === null) field.reportValidity();
      else events.changed(at, { [edge]: ms }, null);
    });
    return field;
  };

  const row = (cue: Cue, at: number): HTMLElement => {
    const text = element("textarea", {
      rows: 2,
      spellcheck: true,
      dir: "auto",
      "aria-label": `Text, cue ${at + 1}`,
      onfocus: () => events.chosen(at),
    });
    text.value = editable(cue.text);
    text.addEventListener("input", () => events.changed(at, { text: text.value }, `text ${at}`));
    return element(
      "li",
      {},
      element(
        "button",
        {
          type: "button",
          class: "goto",
          title: "Show it in the player",
          "aria-label": `Show cue ${at + 1} in the player`,
          onclick: () => events.goTo(at),
        },
        at + 1,
      ),
      element("span", { class: "times" }, timeField(at, cue, "start"), timeField(at, cue, "end")),
      text,
      element("span", { class: "warning" }),
    );
  };
  const warn = (cues: Cues, at: number): void => {
    const shown = rowAt(at)?.querySelector(".warning");
    const wrong = cues[at] ? fault(cues[at]) : null;
    if (shown)
      shown.textContent = cues[at] ? [...(wrong ? [wrong] : []), ...warnings(cues, at)].join(" ") : "";
    rowAt(at)?.classList.toggle("wrong", wrong !== null);
  };
  const choose = (at: number): void => {
    for (const each of root.querySelectorAll("[aria-current]")) each.removeAttribute("aria-current");
    rowAt(at)?.setAttribute("aria-current", "true");
  };
  return {
    root,
    show: (cues, at) => {
      root.replaceChildren(...cues.map(row));
      cues.forEach((_, place) => warn(cues, place));
      choose(at);
    },
    touch: (cues, at) => {
      warn(cues, at);
      choose(at);
    },
    focus: (at) => {
      textOf(at)?.focus();
      rowAt(at)?.scrollIntoView({ block: "nearest" });
    },
    caret: (at) => (document.activeElement === textOf(at) ? (textOf(at)?.selectionStart ?? null) : null),
  };
}
