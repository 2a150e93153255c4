/** The player of the cue editor, with the edited cues laid over the picture as viewers will see them. */
import type { Asset } from "../api";
import type { Cues } from "../captions/cues";
import { element } from "../element";

export interface Stage {
  root: HTMLElement;
  /** The player's time, in ms. */
  now(): number;
  seek(ms: number): void;
  toggle(): void;
  /** Draw what is shown at this time again: the cues have changed. */
  draw(): void;
  close(): void;
}

export async function createStage(asset: Asset, cues: () => Cues): Promise<Stage> {
  const overlay = element("div", { class: "overlay", "aria-hidden": true });
  if (asset.playback_url === null)
    // Captions may come first: they are written against times.
    return {
      root: element("p", { class: "quiet" }, "There is nothing to play yet."),
      now: () => 0,
      seek: () => {},
      toggle: () => {},
      draw: () => {},
      close: () => {},
    };
  const { createPlayer } = await import("../player");
  const player = createPlayer({
    url: `/v/${encodeURIComponent(asset.id)}/index.m3u8`,
    title: asset.title,
    contentId: asset.id,
    private: true,
    withoutCaptions: true,
  });
  const { video } = player;
  const now = (): number => Math.round(video.currentTime * 1000);
  let drawn = "";
  const draw = (): void => {
    const shown = cues().filter((cue) => cue.start <= now() && now() < cue.end);
    const text = JSON.stringify(shown);
    if (text === drawn) return;
    drawn = text;
    overlay.replaceChildren(
      // The browser's own reader of cue text: what is no markup of WebVTT becomes text.
      ...shown.map((cue) => element("p", { dir: "auto" }, new VTTCue(0, 1, cue.text).getCueAsHTML())),
    );
  };
  let frame = 0;
  const follow = (): void => {
    draw();
    frame = requestAnimationFrame(follow);
  };
  follow();
  const said = element("p", { class: "notice bad", role: "alert", hidden: true });
  player.onFailure((message) => {
    said.textContent = message;
    said.hidden = false;
  });
  return {
    root: element("div", { class: "stage" }, player.root, overlay, said),
    now,
    seek: (ms) => {
      video.currentTime = Math.max(0, ms / 1000);
    },
    toggle: () => {
      if (video.paused) void video.play().catch(() => undefined);
      else video.pause();
    },
    draw,
    close: () => {
      cancelAnimationFrame(frame);
      player.destroy();
    },
  };
}
