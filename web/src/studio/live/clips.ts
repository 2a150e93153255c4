/** Clips that were asked for on this page: what is still to come is waited for, what is made is a row of its own. */
import { type Asset, assets, Problem } from "../../api";
import { element } from "../../element";
import { channels, type RecordedEvent } from "../../live/api";
import { type Cut, momentOf } from "../../live/pictures";
import { moment } from "../../live/times";
import type { Me } from "../main";
import { createRow } from "../row";
import { secondsText } from "./health_facts";

/** Asked again no sooner and no later than so (s), whatever the service says. */
const SOONEST_S = 0.2;
const LATEST_S = 15;
/** So many events are shown with their recordings; all are among the assets. */
const EVENTS = 5;

export interface Clips {
  root: HTMLElement;
  make(cut: Cut, title: string, rate: number): void;
  /** Show what became of the channel's last events. Throws Problem. */
  showRecordings(): Promise<void>;
}

export function createClips(channel: string, me: Me): Clips {
  const rows = element("ul", { class: "rows", "aria-label": "Clips and recordings" });
  const waiting = element("ul", { class: "waiting" });
  const said = element("p", { class: "said", role: "status" });
  const missing = element("ul", { class: "missing" });
  const heading = element("h2", { id: "clips-heading" }, "Clips and recordings");
  const root = element(
    "section",
    { "aria-labelledby": "clips-heading", hidden: true },
    heading,
    said,
    waiting,
    rows,
    missing,
  );
  const known = new Set<string>();

  const put = (asset: Asset): void => {
    root.hidden = false;
    if (known.has(asset.id)) return;
    known.add(asset.id);
    const row = createRow(
      asset,
      me,
      () => row.root.remove(),
      (clip) => put(clip),
    );
    rows.prepend(row.root);
  };
  const make = (cut: Cut, title: string, rate: number): void => {
    root.hidden = false;
    const wanted = { in: momentOf(cut.in, rate), out: momentOf(cut.out, rate), title };
    const told = element("span", { role: "status" }, "One moment …");
    const leave = element("button", { type: "button" }, "Cancel");
    const line = element("li", {}, element("strong", {}, title), " ", told, leave);
    let timer = 0;
    leave.addEventListener("click", () => {
      clearTimeout(timer);
      line.remove();
    });
    waiting.prepend(line);
    const ask = async (): Promise<void> => {
      try {
        const asset = await channels.clip(channel, wanted);
        if (line.isConnected) {
          line.remove();
          said.textContent = `“${asset.title}” can be played. It becomes exact to the frame by itself.`;
        }
        put(asset);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        if (error.status === 425 || error.status === 0) {
          const seconds = Math.min(LATEST_S, Math.max(SOONEST_S, error.retryAfter ?? 1));
          told.textContent = error.status
            ? "Its end is still to come. It is made as soon as it is there."
            : error.message;
          if (line.isConnected) timer = window.setTimeout(() => void ask(), seconds * 1000);
          return;
        }
        told.textContent = error.message;
        told.className = "bad";
        leave.textContent = "Dismiss";
      }
    };
    void ask();
  };
  return {
    root,
    make,
    showRecordings: async () => {
      const { events } = await channels.recordings(channel);
      // The oldest first: each goes on top of those before.
      const recent = events.slice(0, EVENTS).reverse();
      for (const id of recent.flatMap((event) => event.assets)) {
        if (!known.has(id)) put(await assets.get(id));
      }
      const lacking = events.slice(0, EVENTS).filter((event) => event.missing_s);
      if (lacking.length) root.hidden = false;
      missing.replaceChildren(...lacking.map((event) => element("li", {}, missingText(event, Date.now()))));
    },
  };
}

function missingText(event: RecordedEvent, now: number): string {
  const seconds = secondsText(event.missing_s ?? 0);
  return (
    `${seconds} of the event of ${moment(Date.parse(event.begun_at), now)} are in no recording: ` +
    "the server stood still for so long, or the bucket did not take what it sent."
  );
}
