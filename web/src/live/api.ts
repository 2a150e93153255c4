/** Live channels as the API tells them: what everybody may know, and what editors do with them. */
import { type Asset, call } from "../api";

export type ChannelState = "idle" | "waiting" | "live" | "interrupted" | "ended";

/** What viewers see of a channel. `on_air`: somebody's pictures are shown. `recording`: an asset, once it has ended. */
export interface LiveChannel {
  id: string;
  title: string;
  state: ChannelState;
  on_air: boolean;
  started_at: string | null;
  ended_at: string | null;
  starts_at?: string | null;
  dvr_s: number;
  /** Null while nobody can say. */
  viewers: number | null;
  hls: string;
  recording: string | null;
}

/** What happens at a moment of an event, or from it on: `end` null while nobody has said that it is over. */
export interface Entry {
  id: string;
  kind: string;
  at: string;
  title: string | null;
  duration_s: number | null;
}

const base = (channel: string) => `/api/live/${encodeURIComponent(channel)}`;

export const live = {
  list: () => call<{ channels: LiveChannel[] }>("GET", "/api/live"),
  get: (channel: string) => call<LiveChannel>("GET", base(channel)),
};

/** The playlist of a channel. It is there from the first picture on. */
export function playlistOf(channel: string): string {
  return `/live/${encodeURIComponent(channel)}/index.m3u8`;
}

/** The page on which viewers watch a channel. */
export function pageOf(channel: string): string {
  return `/?live=${encodeURIComponent(channel)}`;
}
