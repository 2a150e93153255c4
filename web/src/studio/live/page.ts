/** One channel in the studio: what is on air, how its publishers are, clips of it, its keys. */
import { Problem } from "../../api";
import { element } from "../../element";
import { type Channel, channels } from "../../live/api";
import { follow } from "../../live/follow";
import "../../styles/studio_live.css";
import type { Me } from "../main";
import { publishes } from "../rights";
import { createReader } from "../turns";
import { createClipper } from "./clipper";
import { createClips } from "./clips";
import { createControl } from "./control";
import { createHealth } from "./health";
import { createPreview } from "./preview";
import { createSlate } from "./slate";
import { createStreamKeys } from "./stream_keys";
import { createTimeline } from "./timeline";

const LOOK_AGAIN_MS = 2000;

/** Throws Problem if there is no such channel. */
export async function createChannelPage(room: HTMLElement, me: Me, id: string): Promise<void> {
  let channel: Channel = await channels.get(id);
  /** The one that is shown last. */
  let recording: string | null = null;
  const preview = createPreview();
  const clips = createClips(id, me);
  const clipper = createClipper(() => channel.title, preview, clips.make);
  const update = (now: Channel): void => {
    channel = now;
    control.update(now);
    preview.update(now);
    slate.update(now);
  };
  const { read, overtake } = createReader(() => channels.get(id), update);
  const control = createControl(me, (now) => {
    overtake();
    update(now);
  });
  const health = createHealth(
    id,
    () => channel.trouble,
    (told) => control.audience(told.viewers, told.on_air),
  );
  const timeline = createTimeline(id, preview);
  const slate = createSlate(id, overtake);
  room.replaceChildren(
    element("p", {}, element("a", { href: "/studio?channels" }, "All channels")),
    control.root,
    element(
      "div",
      { class: "desk" },
      element("div", { class: "shown" }, preview.root, clipper.root),
      element(
        "div",
        { class: "beside" },
        health.root,
        timeline.root,
        slate.root,
        publishes(me) && createStreamKeys(id),
      ),
    ),
    clips.root,
  );
  update(channel);
  const stop = follow(async () => {
    try {
      await read();
      if (channel.recording !== recording) {
        await clips.showRecordings();
        recording = channel.recording;
      }
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 404) {
        for (const each of [preview, clipper, health, timeline]) each.stop();
        stop();
        room.replaceChildren(
          element("p", { class: "notice bad", role: "alert" }, error.message),
          element("p", {}, element("a", { href: "/studio?channels" }, "All channels")),
        );
      }
    }
    return LOOK_AGAIN_MS;
  });
}
