/** One channel: what runs on it now, with all of it to go back to; before that a wait, after it the recording. */
import { Problem } from "../api";
import { element } from "../element";
import { live, type LiveChannel, playlistOf } from "../live/api";
import { createBadge } from "../live/badge";
import { lateness } from "../live/clock";
import { follow } from "../live/follow";
import { createMoments } from "../live/moments";
import { createLivePlayer, type LivePlayer } from "../live/player";
import { situationOf } from "../live/situation";
import { moment, watching } from "../live/times";
import { openSession, report } from "../session";
import { endedPanel, lostCard, waitingPanel } from "./live_panels";

const LOOK_AGAIN_MS = 5000;
/** Who waits for the beginning is not to miss it. */
const WAITING_MS = 2000;

interface Shown {
  /** When the event began that it plays: the next one wants a player of its own. */
  event: string | null;
  player: LivePlayer;
  /** What is said over its picture; "" for nothing. */
  covered: string;
  leave(): void;
}

export async function showChannel(room: HTMLElement, id: string): Promise<void> {
  const stage = element("div", { class: "stage" });
  const badge = createBadge("viewers");
  const title = element("h1");
  const viewers = element("span", { id: "audience" });
  const since = element("span");
  const said = element("p", { class: "said", role: "status" });
  const moments = createMoments();
  let channel: LiveChannel | null = null;
  let shown: Shown | null = null;
  let opening = false;
  /** They stay on the page as long as nothing else is to be said. */
  let panel = "";

  const leave = (): void => {
    shown?.leave();
    shown = null;
    moments.follow(null);
  };
  const putPanel = (name: string, make: () => HTMLElement): void => {
    leave();
    if (panel === name) return;
    panel = name;
    stage.replaceChildren(make());
  };
  const play = async (fromStart: boolean): Promise<void> => {
    if (opening || !channel) return;
    opening = true;
    const event = channel.started_at;
    // Who is not counted may watch all the same.
    const session = await openSession({ channel: id }).catch(() => null);
    opening = false;
    leave();
    const player = createLivePlayer({
      url: session ? new URL(session.playback_url).pathname : playlistOf(id),
      title: channel.title,
      channel: id,
      sessionId: session?.session_id,
    });
    const endReport = session
      ? report(session, player, () => lateness(player.stream.clock(), player.video.currentTime, Date.now()))
      : () => {};
    shown = {
      event,
      player,
      covered: "",
      leave: () => {
        endReport();
        player.destroy();
      },
    };
    panel = "";
    stage.replaceChildren(player.root);
    player.stream.onChange(decide);
    for (const event of ["ended", "waiting", "playing"]) player.video.addEventListener(event, decide);
    moments.follow(player.stream);
    if (fromStart)
      player.video.addEventListener("loadedmetadata", () => player.stream.seek(0), { once: true });
    await player.play();
  };
  /** What is said already is not said again: who listens would hear it each time. */
  const tellStatus = (text: string): void => {
    if (said.textContent !== text) said.textContent = text;
  };
  const cover = (why: string): void => {
    if (!shown || shown.covered === why) return;
    const { stream } = shown.player;
    shown.covered = why;
    shown.player.cover(why ? lostCard(why, () => stream.retry()) : undefined);
  };
  const decide = (): void => {
    const video = shown?.player.video;
    const phase = shown?.player.stream.phase ?? null;
    const underway = video !== undefined && !video.ended;
    const moving = underway && !video.paused && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const situation = situationOf({ channel, phase, underway, moving });
    tellStatus(situation.is === "watching" ? situation.said : "");
    switch (situation.is) {
      case "waiting":
        return putPanel(`waiting ${situation.startsAt}`, () => waitingPanel(situation.startsAt));
      case "ended":
        return putPanel(`ended ${situation.recording}`, () =>
          endedPanel(situation.recording, () => void play(true)),
        );
      case "lost":
        return cover(situation.said);
      case "watching":
        if (!channel) return;
        if (!shown || (shown.event !== channel.started_at && channel.state !== "ended")) void play(false);
        else cover("");
    }
  };
  const tell = (): void => {
    if (!channel) return;
    document.title = channel.title;
    title.textContent = channel.title;
    badge.show(channel.state);
    viewers.textContent = channel.state === "ended" ? "" : watching(channel.viewers ?? 0);
    since.textContent = sinceText(channel, Date.now());
  };

  const failed = (problem: Problem): void => {
    if (problem.status === 404 && !channel) {
      stop();
      leave();
      room.replaceChildren(
        element("p", { class: "notice bad", role: "alert" }, problem.message),
        element("p", {}, element("a", { href: "/" }, "All that is live")),
      );
    } else if (!channel) tellStatus(`${problem.message} It is tried again.`);
  };
  const stop = follow(async () => {
    try {
      channel = await live.get(id);
      tell();
      decide();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      failed(error);
    }
    return channel && channel.state !== "waiting" && channel.state !== "idle" ? LOOK_AGAIN_MS : WAITING_MS;
  });
  room.replaceChildren(
    stage,
    said,
    title,
    element("p", { class: "facts" }, badge.root, viewers, since),
    moments.root,
  );
}

function sinceText(channel: LiveChannel, now: number): string {
  if (channel.state === "ended") {
    return channel.ended_at ? `ended ${moment(Date.parse(channel.ended_at), now)}` : "";
  }
  const runs = channel.state === "live" || channel.state === "interrupted";
  return runs && channel.started_at ? `since ${moment(Date.parse(channel.started_at), now)}` : "";
}
