/** Key pictures of other moments than the one that plays: while somebody points at the bar. They come from the I-frame
 *  playlists, through hls.js, into a video element of their own. */
import Hls, { type HlsIFramesOnly } from "hls.js";
import { element } from "../element";
import { clamp } from "./geometry";
import { type Asked, isShown, isToAsk } from "./wanted";

const LOOK_MS = 60;
/** Its playlist is loaded again and again as long as there is a player. */
const KEPT_MS = 10_000;
const AFTER_FAILURE_MS = 5000;
/** In front of the end of what there is. */
const WITHIN_S = 0.1;

export interface Stills {
  root: HTMLElement;
  /** Show the picture of this second of the media as soon as it is there. */
  want(second: number): void;
  /** Nobody looks any more. */
  rest(): void;
  destroy(): void;
}

export function createStills(hls: Hls): Stills {
  const video = element("video", {
    class: "still",
    playsinline: true,
    disablepictureinpicture: true,
    tabindex: -1,
    "aria-hidden": "true",
  });
  video.muted = true;
  const root = element("div", { class: "stills", "aria-hidden": "true", hidden: true }, video);
  let player: HlsIFramesOnly | null = null;
  let wanted: number | null = null;
  let asked: Asked | null = null;
  let looking = 0;
  let leaving = 0;
  let notBefore = 0;

  const close = (): void => {
    player?.destroy();
    player = asked = null;
  };
  const open = (): HlsIFramesOnly | null => {
    // It ends with what the large player has loaded.
    if (player && !player.url) close();
    if (player || performance.now() < notBefore) return player;
    player = hls.createIFramePlayer({ capLevelToPlayerSize: false, startLevel: 0 });
    if (!player) return null;
    player.autoLevelCapping = 0;
    player.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal) return;
      notBefore = performance.now() + AFTER_FAILURE_MS;
      close();
    });
    player.attachMedia(video);
    return player;
  };
  const look = (): void => {
    if (wanted === null) return;
    const pictures = open();
    root.hidden = !pictures;
    if (!pictures) return;
    const now = performance.now();
    // The segment that grows is not listed yet, and the first ones may have left since the large player saw them.
    const listed = pictures.latestLevelDetails;
    const second = listed ? clamp(wanted, listed.fragmentStart, listed.edge - WITHIN_S) : wanted;
    const seen =
      asked && !video.seeking && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA
        ? video.currentTime
        : null;
    if (isToAsk(second, asked, seen, now)) {
      asked = { second, at: now };
      pictures.loadMediaAt(second, { seekOnAppend: true });
    }
    root.dataset["shown"] = isShown(second, seen) ? "yes" : "no";
  };
  const rest = (): void => {
    if (wanted === null) return;
    wanted = null;
    clearInterval(looking);
    leaving = window.setTimeout(close, KEPT_MS);
  };
  return {
    root,
    want: (second) => {
      if (wanted === null) {
        clearTimeout(leaving);
        looking = window.setInterval(look, LOOK_MS);
      }
      wanted = second;
      look();
    },
    rest,
    destroy: () => {
      rest();
      clearTimeout(leaving);
      close();
    },
  };
}
