/** A viewing session: opened before playback, kept alive by heartbeats, ended by a beacon. */
import { call } from "./api";
import { Meter } from "./counters";
import type { Player } from "./player";

interface Opened {
  session_id: string;
  playback_url: string;
  heartbeat_url: string;
  heartbeat_interval_s: number;
  resume_at_s: number;
}

const PACE_MS = 1000;

type EventType = "start" | "heartbeat" | "pause" | "resume" | "error" | "end";

/** A stable name for this browser, of the page's own making: the service keeps no more than a keyed hash of it. */
function viewer(): string {
  const known = localStorage.getItem("channel.viewer");
  if (known) return known;
  const made = crypto.randomUUID();
  localStorage.setItem("channel.viewer", made);
  return made;
}

/** A session on an asset, or on the event that runs on a channel. */
export function openSession(watched: { asset: string } | { channel: string }): Promise<Opened> {
  return call<Opened>("POST", "/api/sessions", {
    ...watched,
    viewer: viewer(),
    attempt: crypto.randomUUID(),
    device: "web",
  });
}

/** Report on a player until the page goes away, or until what is returned is called. Losing reports costs nothing: every
 *  one carries all counters. `latency`: how many seconds the picture is behind live at this moment; null: nobody knows. */
export function report(
  session: Opened,
  player: Pick<Player, "video" | "onRate" | "onFailure">,
  latency: () => number | null = () => null,
): () => void {
  const meter = new Meter();
  const { video } = player;
  let seq = 0;
  let timer = 0;
  let over = false;
  let interval = session.heartbeat_interval_s;

  const event = (type: EventType) => ({
    type,
    seq: ++seq,
    ...meter.read(performance.now(), video.currentTime),
    paused: video.paused,
  });
  const pace = (): void => meter.pace(video.playbackRate, latency() ?? 0, performance.now());
  const paces = window.setInterval(pace, PACE_MS);
  const schedule = (): void => {
    clearTimeout(timer);
    if (!over) timer = window.setTimeout(() => void send("heartbeat"), interval * 1000);
  };
  const send = async (type: EventType): Promise<void> => {
    if (over) return;
    over = type === "end";
    try {
      const receipt = await call<{ heartbeat_interval_s: number }>("POST", session.heartbeat_url, {
        events: [event(type)],
      });
      interval = receipt.heartbeat_interval_s;
    } catch {
      // The next report carries the same counters.
    }
    schedule();
  };

  video.addEventListener("play", () => {
    meter.wish(performance.now());
    if (meter.started) void send("resume");
  });
  video.addEventListener("playing", () => {
    const first = !meter.started;
    meter.moving(performance.now());
    if (first) void send("start");
  });
  video.addEventListener("waiting", () => meter.waiting(performance.now(), video.seeking));
  video.addEventListener("pause", () => {
    meter.pause(performance.now());
    if (!video.ended) void send("pause");
  });
  video.addEventListener("ended", () => void send("heartbeat"));
  video.addEventListener("ratechange", pace);
  player.onRate((kbps) => meter.showing(kbps, performance.now()));
  player.onFailure(() => void send("error"));
  document.addEventListener("visibilitychange", () => {
    // The last moment that browsers promise. The viewer may come back, so it is a report and not the end.
    if (document.visibilityState === "hidden" && !over) beacon(video.paused ? "pause" : "heartbeat");
  });
  window.addEventListener("pagehide", (gone) => {
    if (!gone.persisted && !over) {
      over = true;
      beacon("end");
    }
  });
  const beacon = (type: EventType): void => {
    navigator.sendBeacon(session.heartbeat_url, JSON.stringify({ events: [event(type)] }));
  };
  schedule();
  return () => {
    clearTimeout(timer);
    clearInterval(paces);
    void send("end");
  };
}
