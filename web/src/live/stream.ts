/** The playback of a live channel: hls.js by parts, or the browser's own HLS where there is no Media Source. It comes back
 *  by itself whatever is lost. */
import Hls, { type ErrorData, type HlsConfig } from "hls.js";
import { backoff } from "./backoff";
import { clockOf, steadyClock, type WallClock } from "./clock";
import { beyondGap } from "./gaps";
import { clamp, type Mark, type Range } from "./geometry";
import { marksOf } from "./marks";

/** `lost`: there is nothing to play at present, and it is tried again. `over`: the event has ended, all of it is there. */
export type Phase = "loading" | "playing" | "lost" | "over";

export interface Quality {
  /** What `choose` takes. */
  level: number;
  name: string;
}

export interface Stream {
  readonly video: HTMLVideoElement;
  readonly phase: Phase;
  /** What may be watched now; null while nothing is known. */
  range(): Range | null;
  clock(): WallClock | null;
  /** Whether the picture is as near to now as it is meant to be. */
  atEdge(): boolean;
  /** Marks that the playlist carries. */
  marks(): Mark[];
  /** Pictures a second of the best quality; null while nobody knows. */
  frameRate(): number | null;
  qualities(): Quality[];
  /** The chosen quality; -1: by the connection. */
  readonly chosen: number;
  choose(level: number): void;
  seek(second: number): void;
  goLive(): void;
  /** Do not wait for the next try. */
  retry(): void;
  /** Called when the phase, the qualities or the marks have changed. */
  onChange(listener: () => void): void;
  /** Called with the bit rate (kb/s) of the rendition that is shown from now on. */
  onRate(listener: (kbps: number) => void): void;
  /** Called once when it was tried in vain for a while; it is tried on. */
  onFailure(listener: (message: string) => void): void;
  destroy(): void;
}

export interface Source {
  url: string;
  channel: string;
  /** Viewing session, sent with every media request as CMCD `sid`. */
  sessionId?: string | undefined;
}

/** Behind the edge by less than this much (seconds, on top of a segment) is live: hls.js catches up from there. */
const SLACK_S = 1.5;
/** The browser's own player keeps a distance of its own. */
const NATIVE_SLACK_S = 12;
const LOOK_MS = 500;
/** After so many looks at the same picture something has to be done. */
const STANDS_LOOKS = 4;
const GIVES_UP_ON_LEVEL = 3;
const SAYS_SO_AFTER = 4;
const PATIENT_TRIES = 3;

export function openStream(video: HTMLVideoElement, source: Source): Stream {
  return Hls.isSupported() ? throughHls(video, source) : native(video, source);
}

function configuration(source: Source): Partial<HlsConfig> {
  return {
    lowLatencyMode: true,
    maxLiveSyncPlaybackRate: 1.2,
    liveDurationInfinity: true,
    backBufferLength: 60,
    // As headers: in the query they would make another object of each part for every cache between.
    cmcd: {
      contentId: source.channel,
      useHeaders: true,
      ...(source.sessionId ? { sessionId: source.sessionId } : {}),
    },
  };
}

function throughHls(video: HTMLVideoElement, source: Source): Stream {
  const hls = new Hls(configuration(source));
  const signals = createSignals();
  let phase: Phase = "loading";
  let tries = 0;
  let later = 0;

  const enter = (next: Phase): void => {
    if (phase === next) return;
    phase = next;
    signals.changed();
  };
  const range = (): Range | null => {
    const details = hls.latestLevelDetails;
    if (!details?.fragments.length) return null;
    const start = details.fragmentStart;
    if (!details.live) return { start, edge: details.edge };
    return { start, edge: Math.max(start, hls.liveSyncPosition ?? details.edge) };
  };
  const again = (): void => {
    clearTimeout(later);
    later = 0;
    if (hls.levels.length && tries <= GIVES_UP_ON_LEVEL) hls.startLoad();
    else hls.loadSource(source.url);
  };
  const lost = (message: string): void => {
    if (later) return;
    // The first segments may take a moment to be there.
    if (phase !== "loading" || tries >= PATIENT_TRIES) enter("lost");
    later = window.setTimeout(again, backoff(tries, Math.random()));
    tries += 1;
    if (tries === SAYS_SO_AFTER) signals.failed(message);
  };

  let recovered = 0;
  hls.on(Hls.Events.ERROR, (_, error) => {
    if (!error.fatal) return;
    // A decoder that fails now and then is started again; one that fails at once is given everything anew.
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && performance.now() - recovered > 5000) {
      recovered = performance.now();
      hls.recoverMediaError();
      return;
    }
    lost(reason(error));
  });
  hls.on(Hls.Events.MANIFEST_PARSED, signals.changed);
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, switched) => {
    const level = hls.levels[switched.level];
    if (level) signals.rate(Math.round((level.averageBitrate || level.bitrate) / 1000));
  });
  hls.on(Hls.Events.LEVEL_UPDATED, (_, updated) => {
    tries = 0;
    enter(updated.details.live ? "playing" : "over");
    if (updated.details.dateRangeTagCount) signals.changed();
  });
  const online = (): void => {
    if (phase === "lost") again();
  };
  window.addEventListener("online", online);
  const seek = (second: number): void => {
    const all = range();
    if (!all) return;
    // The first segments are about to leave the window while it moves.
    const leaving = hls.latestLevelDetails?.live ? hls.latestLevelDetails.targetduration : 0;
    video.currentTime = clamp(second, Math.min(all.start + leaving, all.edge), all.edge);
  };
  // hls.js waits in front of a hole in the broadcast, however much is behind it.
  let stood = { at: NaN, looks: 0, live: false };
  const watch = window.setInterval(() => {
    const at = video.currentTime;
    const stands = !video.paused && at === stood.at && phase === "playing";
    stood = stands ? { ...stood, looks: stood.looks + 1 } : { at, looks: 0, live: stream.atEdge() };
    if (stood.looks < STANDS_LOOKS) return;
    const beyond = beyondGap(hls.latestLevelDetails?.fragments ?? [], at);
    if (beyond === null) return;
    if (stood.live) stream.goLive();
    else video.currentTime = beyond;
  }, LOOK_MS);
  // Who paused for longer than the window goes on with the first picture that is left.
  video.addEventListener("play", () => {
    const all = range();
    if (all && video.readyState && video.currentTime < all.start) seek(all.start);
  });
  hls.loadSource(source.url);
  hls.attachMedia(video);
  const stream: Stream = {
    video,
    get phase() {
      return phase;
    },
    range,
    clock: () => {
      const fragments = hls.latestLevelDetails?.fragments;
      return fragments?.length ? clockOf(fragments) : null;
    },
    atEdge: () => {
      const all = range();
      const target = hls.latestLevelDetails?.targetduration ?? 0;
      return phase !== "over" && all !== null && all.edge - video.currentTime <= target + SLACK_S;
    },
    marks: () => marksOf(Object.values(hls.latestLevelDetails?.dateRanges ?? {})),
    frameRate: () => Math.max(0, ...hls.levels.map((level) => level.frameRate)) || null,
    qualities: () =>
      hls.levels
        .map((level, place) => ({
          level: place,
          name: nameOf(level.height, level.bitrate),
          rank: level.bitrate,
        }))
        .sort((one, other) => other.rank - one.rank)
        .map(({ level, name }) => ({ level, name })),
    get chosen() {
      return hls.autoLevelEnabled ? -1 : hls.nextLevel;
    },
    choose: (level) => {
      hls.nextLevel = level;
    },
    seek,
    goLive: () => {
      const all = range();
      if (all) video.currentTime = all.edge;
      void video.play().catch(() => {});
    },
    retry: again,
    ...signals.listening,
    destroy: () => {
      clearTimeout(later);
      clearInterval(watch);
      window.removeEventListener("online", online);
      hls.destroy();
    },
  };
  return stream;
}

/** The browser plays it: it knows neither parts nor qualities, but it seeks and it has a clock. */
function native(video: HTMLVideoElement, source: Source): Stream {
  const signals = createSignals();
  let phase: Phase = "loading";
  let tries = 0;
  let later = 0;
  const enter = (next: Phase): void => {
    phase = next;
    signals.changed();
  };
  const again = (): void => {
    clearTimeout(later);
    later = 0;
    video.src = source.url;
    void video.play().catch(() => {});
  };
  const range = (): Range | null => {
    const last = video.seekable.length - 1;
    return last < 0 ? null : { start: video.seekable.start(0), edge: video.seekable.end(last) };
  };
  video.addEventListener("error", () => {
    enter("lost");
    clearTimeout(later);
    later = window.setTimeout(again, backoff(tries, Math.random()));
    tries += 1;
    if (tries === SAYS_SO_AFTER) signals.failed(video.error?.message || "Playback stopped.");
  });
  video.addEventListener("playing", () => {
    tries = 0;
    enter(Number.isFinite(video.duration) ? "over" : "playing");
  });
  video.src = source.url;
  return {
    video,
    get phase() {
      return phase;
    },
    range,
    clock: () => {
      const began = (video as { getStartDate?: () => Date }).getStartDate?.().getTime() ?? NaN;
      return Number.isNaN(began) ? null : steadyClock(began);
    },
    atEdge: () => {
      const all = range();
      return phase !== "over" && all !== null && all.edge - video.currentTime <= NATIVE_SLACK_S;
    },
    marks: () => [],
    frameRate: () => null,
    qualities: () => [],
    chosen: -1,
    choose: () => {},
    seek: (second) => {
      const all = range();
      if (all) video.currentTime = clamp(second, all.start, all.edge);
    },
    goLive: () => {
      const all = range();
      if (all) video.currentTime = all.edge;
      void video.play().catch(() => {});
    },
    retry: again,
    ...signals.listening,
    destroy: () => {
      clearTimeout(later);
      video.removeAttribute("src");
      video.load();
    },
  };
}

function createSignals() {
  const changes: (() => void)[] = [];
  const rates: ((kbps: number) => void)[] = [];
  const failures: ((message: string) => void)[] = [];
  return {
    changed: (): void => changes.forEach((listener) => listener()),
    rate: (kbps: number): void => rates.forEach((listener) => listener(kbps)),
    failed: (message: string): void => failures.splice(0).forEach((listener) => listener(message)),
    listening: {
      onChange: (listener: () => void): void => void changes.push(listener),
      onRate: (listener: (kbps: number) => void): void => void rates.push(listener),
      onFailure: (listener: (message: string) => void): void => void failures.push(listener),
    },
  };
}

function nameOf(height: number, bitrate: number): string {
  return height ? `${height}p` : `${Math.round(bitrate / 1000)} kb/s`;
}

function reason(error: ErrorData): string {
  return error.response?.text || `Playback stopped (${error.details}).`;
}
