/** The head of a channel's page: what it is about, and the switches. */
import { Problem } from "../../api";
import { element } from "../../element";
import { type Channel, channels, pageOf } from "../../live/api";
import { createBadge } from "../../live/badge";
import { countdown, moment, watching } from "../../live/times";
import type { Me } from "../main";
import { publishes } from "../rights";
import { openChannelForm } from "./form";

const RUNS = new Set<Channel["state"]>(["waiting", "live", "interrupted"]);

export interface Control {
  root: HTMLElement;
  update(channel: Channel): void;
  /** How many watch, and whose pictures they see. */
  audience(viewers: number | null, onAir: string | null): void;
}

/** `changed` is told of the channel as it is after something was done. */
export function createControl(me: Me, changed: (channel: Channel) => void): Control {
  let channel: Channel | null = null;
  const badge = createBadge("editors");
  const title = element("h1");
  const facts = element("span", { class: "quiet" });
  const viewers = element("span", { id: "audience" });
  const air = element("span", { class: "quiet" });
  const said = element("p", { class: "said", role: "status" });
  const trouble = element("p", { class: "notice bad", hidden: true });
  const run = element("button", { type: "button", onclick: () => void toggle() });
  const edit = element("button", { type: "button", onclick: () => ask() }, "Edit");
  const remove = element(
    "button",
    { type: "button", class: "danger", onclick: () => void askAndRemove() },
    "Delete",
  );
  const site = element("a", { class: "button" }, "Viewers’ page");
  const may = publishes(me);
  for (const button of [run, edit, remove]) {
    button.disabled = !may;
    button.title = may ? "" : "A publisher decides what runs.";
  }

  const attempt = async (work: () => Promise<Channel>): Promise<void> => {
    said.textContent = "One moment …";
    try {
      changed(await work());
      said.textContent = "";
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  const toggle = async (): Promise<void> => {
    if (!channel) return;
    const { id, state } = channel;
    const question = RUNS.has(state)
      ? `End the event on “${channel.title}”? Publishers are put out. What was shown stays.`
      : `Start an event on “${channel.title}”? Publishers are let in from now on${channel.public ? ", and everybody may watch" : ""}.`;
    if (!window.confirm(question)) return;
    await attempt(() => (RUNS.has(state) ? channels.stop(id) : channels.start(id)));
  };
  const ask = (): void => {
    if (!channel) return;
    const { id } = channel;
    openChannelForm(channel, async (wish) => changed(await channels.change(id, wish)));
  };
  const askAndRemove = async (): Promise<void> => {
    if (!channel) return;
    if (!window.confirm(`Delete “${channel.title}” with its keys and all that was shown on it?`)) return;
    const { id } = channel;
    try {
      await channels.remove(id);
      location.href = "/studio?channels";
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  return {
    root: element(
      "header",
      { class: "control" },
      element(
        "div",
        { class: "line" },
        badge.root,
        title,
        element("span", { class: "space" }),
        run,
        edit,
        site,
        remove,
      ),
      element("p", { class: "facts" }, viewers, air, facts),
      trouble,
      said,
    ),
    update: (now) => {
      channel = now;
      const runs = RUNS.has(now.state);
      document.title = `${now.title} · Studio`;
      title.textContent = now.title;
      badge.show(now.state);
      run.textContent = runs ? "End the event" : "Start an event";
      run.className = runs ? "danger" : "primary";
      remove.disabled = !may || runs;
      site.href = pageOf(now.id);
      site.hidden = !now.public;
      facts.textContent = factsOf(now, Date.now());
      trouble.textContent = now.trouble;
      trouble.hidden = !now.trouble;
    },
    audience: (count, onAir) => {
      viewers.textContent = count === null ? "" : watching(count) || "nobody watching";
      air.textContent = onAir === null ? "" : onAir === "slate" ? "slate on air" : `${onAir} on air`;
    },
  };
}

function factsOf(channel: Channel, now: number): string {
  const begins = channel.starts_at === null ? NaN : Date.parse(channel.starts_at);
  return [
    channel.public ? "public" : "for editors only",
    `${channel.latency} latency`,
    channel.profile && `profile ${channel.profile}`,
    RUNS.has(channel.state) && channel.started_at && `since ${moment(Date.parse(channel.started_at), now)}`,
    channel.state === "ended" && channel.ended_at && `ended ${moment(Date.parse(channel.ended_at), now)}`,
    Number.isNaN(begins) ? "" : `begins ${moment(begins, now)} ${countdown(begins - now)}`.trim(),
    channel.ends_at && `ends ${moment(Date.parse(channel.ends_at), now)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
