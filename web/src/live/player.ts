/** A player for a live channel: media-chrome's controls, a bar over the whole window, and the way back to live. */
import Hls from "hls.js";
import "media-chrome";
import "media-chrome/menu";
import { element } from "../element";
import "../styles/live.css";
import { createBar } from "./bar";
import { clamp } from "./geometry";
import { throughHls } from "./hls_stream";
import { type Action, actionOf, focusOf } from "./keys";
import { nativeStream } from "./native_stream";
import type { Source, Stream } from "./stream";
import { behindText, timeOfDay } from "./times";

export interface LivePlayer {
  /** The element to put on the page. */
  root: HTMLElement;
  video: HTMLVideoElement;
  stream: Stream;
  onRate: Stream["onRate"];
  onFailure: Stream["onFailure"];
  /** What is shown over the picture; nothing for none. */
  cover(card?: HTMLElement): void;
  /** Begin; without sound if the browser wants a click first. */
  play(): Promise<void>;
  destroy(): void;
}

const DRAW_MS = 250;

export function createLivePlayer(source: Source & { title: string }): LivePlayer {
  const video = element("video", { slot: "media", playsinline: true, preload: "auto" });
  const stream = Hls.isSupported() ? throughHls(video, source) : nativeStream(video, source);
  const bar = createBar(stream);
  const edge = element(
    "button",
    {
      type: "button",
      class: "edge",
      "aria-pressed": "false",
      "aria-keyshortcuts": "L End",
      title: "Jump to live (L)",
    },
    "Live",
  );
  edge.addEventListener("click", () => stream.goLive());
  const day = element("span", { class: "day" });
  const behind = element("span", { class: "late" });
  const quality = element("select", { class: "quality", "aria-label": "Quality", hidden: true });
  quality.addEventListener("change", () => stream.choose(Number(quality.value)));
  const unmute = element(
    "button",
    { type: "button", class: "unmute", hidden: true, noautohide: true },
    "Tap for sound",
  );
  unmute.addEventListener("click", () => {
    video.muted = false;
  });
  const cover = element("div", { class: "cover", slot: "centered-chrome", noautohide: true, hidden: true });
  const root = element(
    "media-controller" as "div",
    {
      class: "player live",
      "aria-label": source.title,
      nohotkeys: true,
      noautoseektolive: true,
      defaultstreamtype: "live",
    },
    video,
    element("media-loading-indicator" as "div", { slot: "centered-chrome", noautohide: true }),
    cover,
    element("media-captions-menu" as "div", { hidden: true, anchor: "auto" }),
    element("div", { class: "unmuting", slot: "top-chrome", noautohide: true }, unmute),
    bar.root,
    element(
      "media-control-bar" as "div",
      {},
      element("media-play-button" as "div"),
      element("media-seek-backward-button" as "div", { seekoffset: 10 }),
      element("media-seek-forward-button" as "div", { seekoffset: 10 }),
      element("media-mute-button" as "div"),
      element("media-volume-range" as "div"),
      edge,
      element("span", { class: "time" }, day, behind),
      element("span", { class: "space" }),
      quality,
      element("media-captions-menu-button" as "div"),
      element("media-pip-button" as "div"),
      element("media-fullscreen-button" as "div"),
    ),
  );

  /** The browser let it begin without sound only. */
  let silenced = false;
  const draw = (): void => {
    bar.draw();
    const range = stream.range();
    const atEdge = stream.atEdge();
    edge.setAttribute("aria-pressed", String(atEdge));
    edge.hidden = stream.phase === "over";
    const at = stream.clock()?.at(video.currentTime) ?? null;
    day.textContent = at === null ? "" : timeOfDay(at);
    behind.textContent = range && !atEdge ? behindText(Math.max(0, range.edge - video.currentTime)) : "";
    unmute.hidden = !silenced || !video.muted || video.paused;
  };
  const drawQualities = (): void => {
    const found = stream.qualities();
    quality.hidden = found.length < 2;
    const options = [{ level: -1, name: "Auto" }, ...found];
    if (options.map((each) => each.name).join() === [...quality.options].map((each) => each.text).join())
      return;
    quality.replaceChildren(
      ...options.map((each) =>
        element("option", { value: each.level, selected: each.level === stream.chosen }, each.name),
      ),
    );
  };
  const act = (action: Action): void => {
    switch (action.do) {
      case "toggle":
        if (video.paused) void video.play().catch(() => {});
        else video.pause();
        break;
      case "live":
        stream.goLive();
        break;
      case "start":
        stream.seek(stream.range()?.start ?? 0);
        break;
      case "step":
        stream.seek(video.currentTime + action.seconds);
        break;
      case "mute":
        video.muted = !video.muted;
        break;
      case "volume":
        video.volume = clamp(video.volume + action.by, 0, 1);
        break;
      case "fullscreen":
        if (document.fullscreenElement) void document.exitFullscreen();
        else void root.requestFullscreen?.();
        break;
    }
    draw();
  };
  const keydown = (event: KeyboardEvent): void => {
    const path = event.composedPath();
    const action = event.defaultPrevented ? null : actionOf(event, focusOf(path), path.includes(root));
    if (!action) return;
    event.preventDefault();
    act(action);
  };

  document.addEventListener("keydown", keydown);
  const drawing = window.setInterval(draw, DRAW_MS);
  for (const event of ["seeking", "seeked", "play", "pause", "playing", "volumechange"]) {
    video.addEventListener(event, draw);
  }
  stream.onChange(() => {
    drawQualities();
    draw();
  });
  return {
    root,
    video,
    stream,
    onRate: stream.onRate,
    onFailure: stream.onFailure,
    cover: (card) => {
      cover.replaceChildren(...(card ? [card] : []));
      cover.hidden = !card;
    },
    play: async () => {
      try {
        await video.play();
      } catch (error) {
        if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
        video.muted = silenced = true;
        await video.play().catch(() => {
          // Not even that: the play button is there for it.
        });
      }
    },
    destroy: () => {
      clearInterval(drawing);
      document.removeEventListener("keydown", keydown);
      stream.destroy();
      root.remove();
    },
  };
}
