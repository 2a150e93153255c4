/** How loud the sound of a title is, as a table. */
import type { Sound } from "../api";
import { element } from "../element";

const LAYOUTS: Record<number, string> = { 1: "mono", 2: "stereo", 6: "5.1" };

/** Nothing for a title without sound. */
export function soundTable(sound: Sound): HTMLElement[] {
  if (!sound.tracks.length) return [];
  const head = ["Sound", "Source", "True peak", "Gain", "Result"].map((name) =>
    element("th", { scope: "col" }, name),
  );
  const rows = sound.tracks.map((track) =>
    element(
      "tr",
      {},
      element(
        "th",
        { scope: "row" },
        `${track.name || track.id}, ${LAYOUTS[track.channels] ?? track.channels}`,
      ),
      element("td", {}, level(track.loudness, "LUFS")),
      element("td", {}, level(track.peak, "dBTP")),
      element(
        "td",
        {},
        track.gain !== null && track.gain > 0 ? `+${level(track.gain, "dB")}` : level(track.gain, "dB"),
      ),
      element("td", {}, level(track.result, "LUFS")),
    ),
  );
  return [
    element("p", { class: "quiet" }, about(sound)),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Loudness" },
      element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
    ),
  ];
}

function about(sound: Sound): string {
  if (sound.state === "off") return "The profile leaves the sound as loud as it is.";
  if (sound.state === "pending")
    return `The sound is brought to ${sound.target} LUFS; it is not measured yet.`;
  return [`The sound is brought to ${sound.target} LUFS.`, sound.note].join(" ").trim();
}

function level(value: number | null, unit: string): string {
  return value === null ? "–" : `${value.toFixed(1).replace("-", "−")} ${unit}`;
}
