/** hls.js on a live channel: by parts, back after errors, out of holes. */
import Hls, { type ErrorData, type HlsConfig, type Level } from "hls.js";
import { backoff } from "./backoff";
import { clockOf } from "./clock";
import { beyondGap } from "./gaps";
import { clamp, type Range } from "./geometry";
import { marksOf } from "./marks";
import { createStills } from "./stills";
import { createSignals, type Phase, SAYS_SO_AFTER, type Source, type Stream } from "./stream";

/** Behind the edge by less than this much (seconds, on top of a segment) is live: hls.js catches up from there. */
const SLACK_S = 1.5;
const LOOK_MS = 500;
/** After so many looks at the same picture something has to be done. */
const STANDS_LOOKS = 4;
/** The end is near: what is left is in the last segment. */
const TAIL_S = 6;
const GIVES_UP_ON_LEVEL = 3;
const PATIENT_TRIES = 3;

function configuration(source: Source): Partial<HlsConfig> {
  return {
    lowLatencyMode: true,
    maxLiveSyncPlaybackRate: 1.2,
    // Each stall makes the distance to the edge larger for good: by a part, and not by a second, which is half of it.
    liveSyncOnStallIncrease: 0.3,
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

/** hls.js plays it, by parts. */
export function throughHls(video: HTMLVideoElement, source: Source): Stream {
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
  /** Where it goes on after everything was loaded anew: that stops a player, and takes it to the edge. */
  let resume: { plays: boolean; at: number | null } | null = null;
  const again = (): void => {
    clearTimeout(later);
    later = 0;
    // What is loaded already is played to its end.
    const moves = !video.paused && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    if (hls.levels.length && (moves || tries <= GIVES_UP_ON_LEVEL)) {
      hls.startLoad();
      return;
    }
    resume ??= {
      plays: !video.paused,
      at: stream.atEdge() ? null : (stream.clock()?.at(video.currentTime) ?? null),
    };
    hls.loadSource(source.url);
  };
  const goOn = (): void => {
    const { plays, at } = resume ?? { plays: false, at: null };
    resume = null;
    const second = at === null ? null : (stream.clock()?.find(at) ?? null);
    if (second !== null) seek(second);
    if (plays) void video.play().catch(() => {});
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
    goOn();
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
  // hls.js waits in front of a hole in the broadcast, however much is behind it. And 1.7.4 takes the last segment for
  // loaded of which it has some parts, where the others come with the end: it is to load all of it.
  let stood = { at: NaN, phase: phase as Phase, looks: 0, live: false };
  const watch = window.setInterval(() => {
    const at = video.currentTime;
    const waits = !video.paused && !video.ended && (phase === "playing" || phase === "over");
    const stands = waits && at === stood.at && phase === stood.phase;
    stood = stands ? { ...stood, looks: stood.looks + 1 } : { at, phase, looks: 0, live: stream.atEdge() };
    if (stood.looks < STANDS_LOOKS) return;
    if (phase === "over") {
      if (stood.looks > STANDS_LOOKS || (range()?.edge ?? Infinity) - at > TAIL_S) return;
      hls.config.lowLatencyMode = false;
      hls.startLoad();
      return;
    }
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
  const stills = createStills(hls);
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
    stills,
    frameRate: () => Math.max(0, ...hls.levels.map((level) => level.frameRate)) || null,
    qualities: () =>
      hls.levels
        .map((level, place) => ({
          level: place,
          name: nameOf(level),
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
      stills.destroy();
      hls.destroy();
    },
  };
  return stream;
}

function nameOf(level: Level): string {
  if (!level.height) return `${Math.round(level.bitrate / 1000)} kb/s`;
  return level.frameRate > 30 ? `${level.height}p${Math.round(level.frameRate)}` : `${level.height}p`;
}

function reason(error: ErrorData): string {
  return error.response?.text || `Playback stopped (${error.details}).`;
}
