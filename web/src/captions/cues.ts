/** What an editor does with cues. Pure: a list goes in, another comes out. Times in ms, lists in order of beginnings. */

export interface Cue {
  readonly start: number;
  readonly end: number;
  /** WebVTT cue text: <i>, <b>, <u>… and escapes. */
  readonly text: string;
  readonly settings: string;
  readonly identifier: string;
}

export type Cues = readonly Cue[];

export interface Edited {
  cues: Cues;
  /** The place of the cue to go on with; -1 for none. */
  at: number;
}

const USUAL_MS = 2000;
const SHORTEST_MS = 100;
/** Characters a second that people can read: Netflix asks for 20 at most, the BBC for about 17. */
const FASTEST = 20;

const blank = (start: number, end: number, text = ""): Cue => ({
  start,
  end,
  text,
  settings: "",
  identifier: "",
});

function placed(cues: Cue[], cue: Cue): Edited {
  const sorted = cues.sort((one, other) => one.start - other.start);
  return { cues: sorted, at: sorted.indexOf(cue) };
}

export function change(cues: Cues, at: number, values: Partial<Cue>): Edited {
  const cue = { ...(cues[at] as Cue), ...values };
  return placed(
    cues.map((each, place) => (place === at ? cue : each)),
    cue,
  );
}

/** A new cue from `now` on, as long as the next one leaves it. */
export function add(cues: Cues, now: number): Edited {
  const next = cues.find((cue) => cue.start > now);
  const end = Math.max(now + SHORTEST_MS, Math.min(now + USUAL_MS, next?.start ?? Infinity));
  const cue = blank(now, end);
  return placed([...cues, cue], cue);
}

export function remove(cues: Cues, at: number): Edited {
  const left = cues.filter((_, place) => place !== at);
  return { cues: left, at: Math.min(at, left.length - 1) };
}

/** Two of one: the text at its caret (its middle line or word without one), the time in the same proportion, or `now`
 *  where the player stands within the cue. */
export function split(cues: Cues, at: number, caret: number | null, now: number): Edited {
  const cue = cues[at] as Cue;
  if (cue.end - cue.start < 2 * SHORTEST_MS) return { cues, at };
  const cut = caret !== null && caret > 0 && caret < cue.text.length ? caret : middle(cue.text);
  const share = cue.text.length ? cut / cue.text.length : 0.5;
  const inside = now > cue.start + SHORTEST_MS && now < cue.end - SHORTEST_MS;
  const between = cue.start + Math.round((cue.end - cue.start) * Math.min(0.9, Math.max(0.1, share)));
  const when = inside ? now : between;
  const first = { ...cue, end: when, text: cue.text.slice(0, cut).trim() };
  const second = { ...cue, start: when, text: cue.text.slice(cut).trim(), identifier: "" };
  return { cues: [...cues.slice(0, at), first, second, ...cues.slice(at + 1)], at: at + 1 };
}

function middle(text: string): number {
  const half = text.length / 2;
  const breaks = [...text.matchAll(/\s+/g)].map((match) => match.index);
  return breaks.length
    ? breaks.reduce((best, place) => (Math.abs(place - half) < Math.abs(best - half) ? place : best))
    : Math.floor(half);
}

/** One of two: a cue and the one behind it. */
export function merge(cues: Cues, at: number): Edited {
  const [first, second] = [cues[at], cues[at + 1]];
  if (!first || !second) return { cues, at };
  const text = [first.text, second.text].filter(Boolean).join("\n");
  const cue = { ...first, end: Math.max(first.end, second.end), text };
  return { cues: [...cues.slice(0, at), cue, ...cues.slice(at + 2)], at };
}

/** All of them later (or sooner) by so many ms; none begins before zero, and none that ends before it is left. */
export function shift(cues: Cues, by: number): Cues {
  return cues
    .map((cue) => ({ ...cue, start: Math.max(0, cue.start + by), end: cue.end + by }))
    .filter((cue) => cue.end > cue.start);
}

/** The place of the cue that is shown at a time, else of the last one before it; -1 before the first. */
export function placeAt(cues: Cues, now: number): number {
  const shown = cues.findIndex((cue) => cue.start <= now && now < cue.end);
  return shown >= 0 ? shown : cues.filter((cue) => cue.start <= now).length - 1;
}

/** What viewers read of a text, without its markup. */
export function plain(text: string): string {
  return text
    .replace(/<[^>]*>/g, "")
    .replace(/&nbsp;/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");
}

/** A text as it stands in the editor: an ampersand that is no escape is shown as one. */
export function editable(text: string): string {
  return text.replace(/&amp;(?!\w+;|#\d+;)/g, "&");
}

/** Why a cue cannot be saved; null if it can. */
export function fault(cue: Cue): string | null {
  if (cue.end <= cue.start) return "It ends before it begins.";
  return plain(cue.text).trim() ? null : "It has no text.";
}

/** What a viewer would mind. */
export function warnings(cues: Cues, at: number): string[] {
  const cue = cues[at] as Cue;
  const before = cues[at - 1];
  const letters = plain(cue.text).replace(/\s+/g, " ").trim().length;
  const speed = Math.round((letters * 1000) / Math.max(1, cue.end - cue.start));
  const found: string[] = [];
  if (before && before.end > cue.start) found.push("It overlaps the one before.");
  if (letters && speed > FASTEST)
    found.push(`${speed} characters a second: few can read more than ${FASTEST}.`);
  return found;
}

/** Cues as a WebVTT file, for a copy of what could not be saved. */
export function toVtt(cues: Cues): string {
  const time = (ms: number) => new Date(ms).toISOString().slice(11, 23);
  const block = (cue: Cue) =>
    `${time(cue.start)} --> ${time(cue.end)} ${cue.settings}`.trimEnd() + `\n${cue.text}`;
  return ["WEBVTT", ...cues.map(block)].join("\n\n") + "\n";
}
