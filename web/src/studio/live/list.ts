/** All channels, newest first: what each is about, and a way to its page. */
import { Problem } from "../../api";
import { element } from "../../element";
import { type Channel, channels, studioPageOf } from "../../live/api";
import { createBadge } from "../../live/badge";
import { follow } from "../../live/follow";
import { moment } from "../../live/times";
import "../../styles/studio_live.css";
import { publishes } from "../rights";
import type { Me } from "../main";
import { openChannelForm } from "./form";

const LOOK_AGAIN_MS = 3000;

interface Row {
  root: HTMLElement;
  update(channel: Channel): void;
}

export function createChannelList(room: HTMLElement, me: Me): void {
  const rows = new Map<string, Row>();
  const list = element("ul", { class: "rows channels", "aria-label": "Channels" });
  const said = element("p", { class: "notice bad", role: "alert", hidden: true });
  const empty = element(
    "p",
    { class: "notice", hidden: true },
    "There is no channel yet. A channel takes one live event after the other, from OBS, ffmpeg or an encoder.",
  );
  const create = element(
    "button",
    {
      type: "button",
      class: "primary",
      disabled: !publishes(me),
      title: publishes(me) ? null : "A publisher makes channels.",
      onclick: (): void =>
        openChannelForm(null, async (wish) => {
          location.href = studioPageOf((await channels.create(wish)).id);
        }),
    },
    "New channel",
  );
  const show = (found: Channel[]): void => {
    for (const [id, row] of rows) {
      if (found.some((channel) => channel.id === id)) continue;
      row.root.remove();
      rows.delete(id);
    }
    found.forEach((channel, place) => {
      let row = rows.get(channel.id);
      if (!row) rows.set(channel.id, (row = createRow(channel.id)));
      row.update(channel);
      if (list.children[place] !== row.root) list.insertBefore(row.root, list.children[place] ?? null);
    });
    empty.hidden = found.length > 0;
  };
  room.append(
    element("div", { class: "toolbar" }, element("h1", {}, "Live channels"), create),
    said,
    empty,
    list,
  );
  follow(async () => {
    try {
      show((await channels.list()).channels);
      said.hidden = true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      said.textContent = error.message;
      said.hidden = false;
    }
    return LOOK_AGAIN_MS;
  });
}

function createRow(id: string): Row {
  const badge = createBadge("editors");
  const title = element("a", { class: "title", href: studioPageOf(id) });
  const facts = element("span", { class: "quiet facts" });
  const trouble = element("span", { class: "said" });
  return {
    root: element(
      "li",
      { class: "row", "data-channel": id },
      element("div", { class: "what" }, title, facts),
      element("div", { class: "state" }, badge.root, trouble),
      element("div", { class: "actions" }, element("a", { class: "button", href: studioPageOf(id) }, "Open")),
    ),
    update: (channel) => {
      title.textContent = channel.title;
      badge.show(channel.state);
      facts.textContent = factsOf(channel, Date.now());
      trouble.textContent = channel.trouble;
    },
  };
}

function factsOf(channel: Channel, now: number): string {
  const when = (word: string, iso: string | null) => iso && `${word} ${moment(Date.parse(iso), now)}`;
  return [
    channel.public ? "public" : "for editors only",
    channel.state === "ended" ? when("ended", channel.ended_at) : when("since", channel.started_at),
    when("begins", channel.starts_at),
    when("ends", channel.ends_at),
  ]
    .filter(Boolean)
    .join(" · ");
}
