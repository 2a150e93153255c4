/** A player: media-chrome's controls around hls.js (or the browser's own HLS where Media Source is missing). */
import Hls, { type HlsConfig } from "hls.js";
import "media-chrome";
import "media-chrome/menu";
import { clearKey } from "./clearkey";
import { element } from "./element";

export interface Player {
  /** The element to put on the page. */
  root: HTMLElement;
  video: HTMLVideoElement;
  /** Called with the bit rate (kb/s) of the rendition that is shown from now on. */
  onRate(listener: (kbps: number) => void): void;
  /** Called once when playback cannot go on. */
  onFailure(listener: (message: string) => void): void;
  destroy(): void;
}

export interface Programme {
  url: string;
  title: string;
  contentId: string;
  /** Viewing session, sent with every media request as CMCD `sid`. */
  sessionId?: string | undefined;
  startAt?: number | undefined;
  /** Shown until playback begins. */
  poster?: string | undefined;
  /** WebVTT with a picture for each moment, shown while seeking. */
  storyboard?: string | undefined;
  /** Send the studio's cookie with media requests (drafts). */
  private?: boolean;
  /** Show none of the captions that the playlist lists. */
  withoutCaptions?: boolean;
}

/** A window may be encoded for us while we wait: the service holds a request up to its own limit, so be patient. */
const PATIENT = {
  default: {
    maxTimeToFirstByteMs: 20_000,
    maxLoadTimeMs: 60_000,
    timeoutRetry: { maxNumRetry: 4, retryDelayMs: 500, maxRetryDelayMs: 4000 },
    errorRetry: { maxNumRetry: 8, retryDelayMs: 1000, maxRetryDelayMs: 8000 },
  },
};

export function createPlayer(programme: Programme): Player {
  const video = element(
    "video",
    { slot: "media", playsinline: true, preload: "auto", poster: programme.poster },
    // The name by which media-chrome knows it.
    programme.storyboard &&
      element("track", {
        kind: "metadata",
        label: "thumbnails",
        default: true,
        src: programme.storyboard,
      }),
  );
  const root = element(
    "media-controller" as "div",
    { class: "player", "aria-label": programme.title },
    video,
    element("media-loading-indicator" as "div", { slot: "centered-chrome", noautohide: true }),
    element("media-error-dialog" as "div", { slot: "dialog" }),
    !programme.withoutCaptions && element("media-captions-menu" as "div", { hidden: true, anchor: "auto" }),
    element(
      "media-control-bar" as "div",
      {},
      element("media-play-button" as "div"),
      element("media-seek-backward-button" as "div", { seekoffset: 10 }),
      element("media-seek-forward-button" as "div", { seekoffset: 10 }),
      element("media-mute-button" as "div"),
      element("media-volume-range" as "div"),
      element("media-time-range" as "div"),
      element("media-time-display" as "div", { showduration: true }),
      element("media-playback-rate-button" as "div"),
      !programme.withoutCaptions && element("media-captions-menu-button" as "div"),
      element("media-pip-button" as "div"),
      element("media-fullscreen-button" as "div"),
    ),
  );
  silencePreview(root);
  const rates: ((kbps: number) => void)[] = [];
  const failed: ((message: string) => void)[] = [];
  const fail = (message: string) => failed.splice(0).forEach((listener) => listener(message));
  const hls = Hls.isSupported() ? new Hls(configuration(programme)) : null;
  if (hls) {
    hls.on(Hls.Events.LEVEL_SWITCHED, (_, switched) => {
      const level = hls.levels[switched.level];
      if (level) rates.forEach((listener) => listener(Math.round(level.averageBitrate / 1000)));
    });
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      if (
        error.type === Hls.ErrorTypes.MEDIA_ERROR &&
        error.details !== Hls.ErrorDetails.BUFFER_APPEND_ERROR
      ) {
        hls.recoverMediaError();
        return;
      }
      fail(error.response?.text || `Playback stopped (${error.details}).`);
    });
    if (programme.withoutCaptions) hls.subtitleDisplay = false;
    hls.loadSource(programme.url);
    hls.attachMedia(video);
  } else {
    video.src = programme.url;
    if (programme.startAt) video.currentTime = programme.startAt;
    video.addEventListener("error", () => fail(video.error?.message || "Playback stopped."));
  }
  return {
    root,
    video,
    onRate: (listener) => rates.push(listener),
    onFailure: (listener) => failed.push(listener),
    destroy: () => {
      hls?.destroy();
      video.removeAttribute("src");
      video.load();
      root.remove();
    },
  };
}

/** The picture above the pointer has no text alternative in media-chrome: the time below it says all there is. */
function silencePreview(root: HTMLElement): void {
  const range = root.querySelector("media-time-range")?.shadowRoot;
  const picture = range?.querySelector("media-preview-thumbnail")?.shadowRoot?.querySelector("img");
  picture?.setAttribute("alt", "");
}

function configuration(programme: Programme): Partial<HlsConfig> {
  return {
    startPosition: programme.startAt ?? -1,
    fragLoadPolicy: PATIENT,
    ...clearKey(programme.url),
    cmcd: {
      contentId: programme.contentId,
      ...(programme.sessionId ? { sessionId: programme.sessionId } : {}),
    },
    ...(programme.private
      ? {
          xhrSetup: (request: XMLHttpRequest) => {
            request.withCredentials = true;
          },
        }
      : {}),
  };
}
