/** The browser's own HLS on a live channel, where there is no Media Source. */
import { backoff } from "./backoff";
import { steadyClock } from "./clock";
import { clamp, type Range } from "./geometry";
import { createSignals, type Phase, SAYS_SO_AFTER, type Source, type Stream } from "./stream";

/** It keeps a distance of its own (s). */
const SLACK_S = 12;

/** The browser plays it: it knows neither parts nor qualities, but it seeks and it has a clock. */
export function nativeStream(video: HTMLVideoElement, source: Source): Stream {
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
      return phase !== "over" && all !== null && all.edge - video.currentTime <= SLACK_S;
    },
    marks: () => [],
    stills: null,
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
