/** What a viewer of a channel is told, out of what the service says and what the player finds. Pure. */
import type { LiveChannel } from "./api";
import type { Phase } from "./stream";

export type Situation =
  | { is: "watching"; said: string }
  | { is: "waiting"; startsAt: string | null }
  | { is: "ended"; recording: string | null }
  | { is: "lost"; said: string };

export interface Seen {
  /** What the service said last; null before it said anything. */
  channel: Pick<LiveChannel, "state" | "recording" | "starts_at"> | null;
  /** What the player is about; null while there is none. */
  phase: Phase | null;
  /** Whether the viewer is in the middle of what there is: pictures were shown, and the last one was not. */
  underway: boolean;
  /** Whether the picture moves, be it from what was loaded before. */
  moving: boolean;
}

const INTERRUPTED = "The broadcast is interrupted. It goes on here by itself.";
const RECONNECTING = "The connection is lost. It is tried again.";

export function situationOf({ channel, phase, underway, moving }: Seen): Situation {
  const state = channel?.state ?? null;
  if (state === "idle" || state === "waiting") return { is: "waiting", startsAt: channel?.starts_at ?? null };
  if (state === "ended") {
    // Who is further back watches on to the end.
    if (underway && phase !== "lost") return { is: "watching", said: "The event has ended." };
    return { is: "ended", recording: channel?.recording ?? null };
  }
  const said = state === "interrupted" ? INTERRUPTED : "";
  if (phase === "lost") return { is: moving ? "watching" : "lost", said: said || RECONNECTING };
  return { is: "watching", said };
}
