/** What viewers see, in the studio: private channels too, by the studio's cookie. It knows the picture that is shown. */
import { element } from "../../element";
import { type Channel, playlistOf } from "../../live/api";
import { beginOf, pictureAt } from "../../live/pictures";
import { createLivePlayer, type LivePlayer } from "../../live/player";

const RUNS = new Set(["live", "interrupted", "ended"]);

export interface Preview {
  root: HTMLElement;
  /** Pictures a second. */
  readonly rate: number;
  /** The number of the picture that is shown; null while there is none. */
  picture(): number | null;
  /** Stop at a picture. */
  show(picture: number): void;
  /** Go to a moment (ms since the epoch), and on. */
  goTo(ms: number): void;
  /** Called with each picture that is shown. */
  onPicture(listener: (picture: number | null) => void): void;
  update(channel: Channel): void;
  stop(): void;
}

export function createPreview(): Preview {
  const room = element("div", { class: "stage" });
  const listeners: ((picture: number | null) => void)[] = [];
  let player: LivePlayer | null = null;
  /** The event that it plays, or why it plays none. */
  let about = "";
  let shown: number | null = null;

  const rate = (): number => player?.stream.frameRate() ?? 25;
  const tell = (picture: number | null): void => {
    shown = picture;
    listeners.forEach((listener) => listener(picture));
  };
  const leave = (): void => {
    player?.destroy();
    player = null;
    tell(null);
  };
  const watch = (made: LivePlayer): void => {
    const seen = (_: number, frame: { mediaTime: number }): void => {
      if (made !== player) return;
      const at = made.stream.clock()?.at(frame.mediaTime) ?? null;
      tell(at === null ? null : pictureAt(at, rate()));
      made.video.requestVideoFrameCallback(seen);
    };
    made.video.requestVideoFrameCallback(seen);
  };
  const open = (channel: Channel): void => {
    leave();
    player = createLivePlayer({
      url: playlistOf(channel.id),
      channel: channel.id,
      title: `Preview of ${channel.title}`,
    });
    // Several pages may be open in a control room: who wants to hear one says so.
    player.video.muted = true;
    room.replaceChildren(player.root);
    watch(player);
    void player.play();
  };
  const seek = (ms: number): void => {
    const second = player?.stream.clock()?.find(ms) ?? null;
    if (player && second !== null) player.stream.seek(second);
  };
  return {
    root: room,
    get rate() {
      return rate();
    },
    picture: () => shown,
    show: (picture) => {
      player?.video.pause();
      seek(beginOf(picture + 0.5, rate()));
    },
    goTo: seek,
    onPicture: (listener) => void listeners.push(listener),
    update: (channel) => {
      const runs = RUNS.has(channel.state);
      const now = runs ? `event ${channel.event}` : channel.state;
      if (now === about) return;
      about = now;
      if (runs) return open(channel);
      leave();
      room.replaceChildren(
        channel.state === "waiting"
          ? notice(
              "Waiting for a publisher",
              "Type the address and a stream key into the encoder, and start it there.",
            )
          : notice("Nothing runs", "Start an event: then publishers are let in."),
      );
    },
    stop: leave,
  };
}

function notice(text: string, next: string): HTMLElement {
  return element(
    "div",
    { class: "player live" },
    element(
      "div",
      { class: "cover" },
      element("div", { class: "card" }, element("p", { class: "title" }, text), element("p", {}, next)),
    ),
  );
}
