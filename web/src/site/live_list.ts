/** What is live, above the highlights; nothing at all while nothing is. */
import { Problem } from "../api";
import { element } from "../element";
import { live, type LiveChannel, pageOf } from "../live/api";
import { createBadge } from "../live/badge";
import { follow } from "../live/follow";
import { moment, watching } from "../live/times";
import { hue } from "./hue";

const LOOK_AGAIN_MS = 10_000;

export interface LiveList {
  root: HTMLElement;
  /** Show only channels whose titles hold these words. */
  search(q: string): void;
}

export function createLiveList(): LiveList {
  const cards = new Map<string, { root: HTMLElement; update(channel: LiveChannel): void }>();
  const grid = element("ul", { class: "grid" });
  const root = element("section", { "aria-labelledby": "live-heading", hidden: true });
  root.append(element("h1", { id: "live-heading" }, "Live"), grid);
  let channels: LiveChannel[] = [];
  let words = "";

  const show = (): void => {
    const wanted = channels.filter((channel) => channel.title.toLowerCase().includes(words));
    for (const [id, card] of cards) {
      if (wanted.some((channel) => channel.id === id)) continue;
      card.root.remove();
      cards.delete(id);
    }
    wanted.forEach((channel, place) => {
      let card = cards.get(channel.id);
      if (!card) cards.set(channel.id, (card = createCard(channel.id)));
      card.update(channel);
      // Cards are moved only where the order has changed: a focused one keeps the focus.
      if (grid.children[place] !== card.root) grid.insertBefore(card.root, grid.children[place] ?? null);
    });
    root.hidden = wanted.length === 0;
  };
  follow(async () => {
    try {
      channels = (await live.list()).channels;
    } catch (error) {
      // What was shown stays: the page is for more than live.
      if (!(error instanceof Problem)) throw error;
    }
    show();
    return LOOK_AGAIN_MS;
  });
  return {
    root,
    search: (q) => {
      words = q.trim().toLowerCase();
      show();
    },
  };
}

function createCard(id: string): { root: HTMLElement; update(channel: LiveChannel): void } {
  const badge = createBadge("viewers");
  const viewers = element("span", { class: "length" });
  const title = element("strong");
  const facts = element("small");
  const tile = element("div", { class: "tile" }, badge.root, viewers);
  tile.style.setProperty("--hue", String(hue(id)));
  const link = element("a", { class: "card" }, tile, title, facts);
  return {
    root: element("li", { "data-channel": id }, link),
    update: (channel) => {
      const ended = channel.state === "ended";
      const recorded = ended && channel.recording;
      link.href = recorded ? `/?watch=${encodeURIComponent(recorded)}` : pageOf(id);
      badge.show(channel.state);
      tile.dataset["state"] = channel.state;
      viewers.textContent = ended ? "" : watching(channel.viewers ?? 0);
      viewers.hidden = !viewers.textContent;
      title.textContent = channel.title;
      facts.textContent = factsOf(channel, Date.now());
    },
  };
}

function factsOf(channel: LiveChannel, now: number): string {
  const when = (iso: string) => moment(Date.parse(iso), now);
  if (channel.state === "ended") {
    const ended = channel.ended_at ? `Ended ${when(channel.ended_at)}` : "Ended";
    return `${ended} · ${channel.recording ? "watch the recording" : "watch again"}`;
  }
  if (channel.state === "live" || channel.state === "interrupted") {
    return channel.started_at ? `Since ${when(channel.started_at)}` : "";
  }
  return channel.starts_at ? `Begins ${when(channel.starts_at)}` : "Begins soon";
}
