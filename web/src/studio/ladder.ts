/** Which rungs a title got, and why: its rate–quality curves as a picture, and the same as a table; and how loud it is. */
import { type Asset, assets, type Ladder, Problem, type Rung } from "../api";
import { element } from "../element";
import { soundTable } from "./sound";
import { pathOf, type Point, rateText, type Scale, scaleOf } from "./scale";

const WIDTH = 640;
const HEIGHT = 300;
const NOTES: Record<Ladder["state"], string> = {
  pending: "The title is not analysed yet: it is encoded by the ladder that all titles begin with.",
  fixed: "This title keeps the ladder that all titles begin with.",
  chosen: "Rungs and rates were chosen for this title by looking into pieces of it.",
};

export async function openLadder(asset: Asset): Promise<void> {
  const room = element("div", { class: "ladder" }, element("p", { class: "quiet" }, "Loading…"));
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview", "aria-label": `Quality of ${asset.title}` },
    element(
      "header",
      {},
      element("strong", {}, `Quality of ${asset.title}`),
      element("button", { type: "button", onclick: (): void => dialog.close() }, "Close"),
    ),
    room,
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  try {
    const [ladder, sound] = await Promise.all([assets.ladder(asset.id), assets.sound(asset.id)]);
    room.replaceChildren(...(asset.width === null ? [] : shown(ladder)), ...soundTable(sound));
  } catch (error) {
    const said = error instanceof Problem ? error.message : String(error);
    room.replaceChildren(element("p", { class: "notice bad", role: "alert" }, said));
  }
}

function shown(ladder: Ladder): HTMLElement[] {
  const target = ladder.target === null ? "" : ` The top rung aims at VMAF ${ladder.target}.`;
  const note = element("p", { class: "quiet" }, [NOTES[ladder.state], ladder.note].join(" ").trim() + target);
  const plotted = ladder.rungs.some((rung) => rung.curve.length);
  return [note, ...(plotted ? [plot(ladder)] : []), ...(ladder.rungs.length ? [table(ladder.rungs)] : [])];
}

function plot(ladder: Ladder): HTMLElement {
  const curves = ladder.rungs.map((rung) => rung.curve);
  const scale = scaleOf(curves.flat(), WIDTH, HEIGHT);
  const chosen = ladder.rungs.filter(isExpected);
  const picture = svg("svg", {
    viewBox: `-44 -12 ${WIDTH + 90} ${HEIGHT + 48}`,
    role: "img",
    "aria-label": "Quality (VMAF) over bit rate for every picture size; the chosen rungs are marked.",
  });
  picture.append(...grid(scale));
  for (const curve of curves) picture.append(svg("path", { class: "curve", d: pathOf(curve, scale) }));
  picture.append(svg("path", { class: "chosen", d: pathOf(chosen, scale) }));
  for (const rung of chosen) {
    const at = { x: scale.x(rung.bitrate), y: scale.y(rung.vmaf) };
    picture.append(
      svg("circle", { class: "chosen", cx: at.x, cy: at.y, r: 5 }),
      svg("text", { x: at.x + 8, y: at.y + 16 }, `${Math.min(rung.width, rung.height)}p`),
    );
  }
  return element("figure", {}, picture, element("figcaption", { class: "quiet" }, "VMAF over bit rate"));
}

function grid(scale: Scale): SVGElement[] {
  const across = [0, 20, 40, 60, 80, 100].flatMap((vmaf) => [
    svg("path", { class: "grid", d: `M0 ${scale.y(vmaf)}H${WIDTH}` }),
    svg("text", { x: -8, y: scale.y(vmaf) + 4, "text-anchor": "end" }, String(vmaf)),
  ]);
  const down = scale.rates.flatMap((rate) => [
    svg("path", { class: "grid", d: `M${scale.x(rate)} 0V${HEIGHT}` }),
    svg("text", { x: scale.x(rate), y: HEIGHT + 20, "text-anchor": "middle" }, rateText(rate)),
  ]);
  return [...across, ...down];
}

const CODECS: Record<Rung["codec"], string> = { h264: "", hevc: " HEVC", av1: " AV1" };

function table(rungs: Rung[]): HTMLElement {
  const head = ["Picture", "Average rate", "VMAF", "CRF", ""].map((name) =>
    element("th", { scope: "col" }, name),
  );
  const rows = [...rungs]
    .reverse()
    .map((rung) =>
      element(
        "tr",
        rung.listed ? {} : { class: "dropped" },
        element("th", { scope: "row" }, `${rung.width}×${rung.height}${CODECS[rung.codec]}`),
        element("td", {}, rung.bitrate === null ? "–" : rateText(rung.bitrate)),
        element("td", {}, rung.vmaf === null ? "–" : rung.vmaf.toFixed(0)),
        element("td", {}, rung.crf ?? "–"),
        element("td", {}, rung.listed ? remark(rung) : `Left out: ${rung.reason ?? "it adds nothing"}.`),
      ),
    );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rungs" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)),
  );
}

function remark(rung: Rung): string {
  return rung.effort ? "Gets the encoding time that other pictures leave." : "";
}

function isExpected(rung: Rung): rung is Rung & Point {
  return rung.listed && rung.bitrate !== null && rung.vmaf !== null;
}

function svg(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}
