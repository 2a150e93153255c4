/** Live channels as the API tells them: what everybody may know, and what editors do with them. */
import { type Asset, call } from "../api";

export type ChannelState = "idle" | "waiting" | "live" | "interrupted" | "ended";

/** What viewers see of a channel. `on_air`: something is shown, be it the slate. `recording`: an asset, once it has ended. */
export interface LiveChannel {
  id: string;
  title: string;
  state: ChannelState;
  on_air: boolean;
  started_at: string | null;
  ended_at: string | null;
  starts_at: string | null;
  dvr_s: number;
  /** Null while nobody can say. */
  viewers: number | null;
  hls: string;
  recording: string | null;
}

/** A channel as editors see it. `trouble`: why the last publisher was turned away or lost. `slate_url`: null for the
 *  built-in slate. */
export interface Channel {
  id: string;
  title: string;
  state: ChannelState;
  event: number;
  profile: string;
  latency: "low" | "relaxed";
  dvr_s: number;
  public: boolean;
  trouble: string;
  started_at: string | null;
  ended_at: string | null;
  starts_at: string | null;
  ends_at: string | null;
  record: boolean;
  recording: string | null;
  slate_url: string | null;
}

/** What an editor says of a channel. */
export interface ChannelWish {
  title: string;
  profile?: string;
  latency?: Channel["latency"];
  dvr_s: number;
  public: boolean;
  starts_at: string | null;
  ends_at: string | null;
  record?: boolean;
}

/** An event of a channel, and the assets that it became. */
export interface RecordedEvent {
  event: number;
  title: string;
  begun_at: string;
  /** Seconds that are in none of them; null while more may come. */
  missing_s: number | null;
  assets: string[];
}

/** A mark of an event's timeline. `duration_s` null: nobody has said yet when it ends. */
export interface TimelineMark {
  id: string;
  kind: MarkKind;
  at: string;
  duration_s: number | null;
  title: string;
}

export type MarkKind = "marker" | "sport" | "product" | "program" | "ad";

export type Place = "primary" | "backup";

export interface StreamKey {
  id: string;
  place: Place;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
}

/** Null for a way in that is off. `srt` has a passphrase in it. */
export interface Addresses {
  rtmp: string | null;
  srt: string | null;
  http: string | null;
}

export interface MadeKey {
  key: StreamKey;
  secret: string;
  addresses: Addresses;
}

/** One publisher; null is what cannot be known yet. */
export interface PublisherHealth {
  place: Place;
  way: "rtmp" | "srt" | "http";
  since: string;
  bitrate_bps: number | null;
  width: number | null;
  height: number | null;
  frame_rate: number | null;
  measured_frame_rate: number | null;
  keyframe_interval_s: number | null;
  video_codec: string | null;
  audio_codec: string | null;
  frames: number | null;
  dropped_frames: number | null;
  filled_frames: number | null;
  behind_ms: number | null;
  last_bytes_at: string | null;
  encoder_restarts: number;
  clock_drift_ppm: number | null;
  clock_corrected_ms: number | null;
}

/** `on_air`: whose pictures viewers see. `warnings`: sentences for who runs the encoder. */
export interface Health {
  state: ChannelState;
  on_air: Place | "slate" | null;
  viewers: number | null;
  uploads_waiting: number | null;
  lost_s: number | null;
  last_error: string | null;
  publishers: PublisherHealth[];
  warnings: string[];
}

const base = (channel: string) => `/api/channels/${encodeURIComponent(channel)}`;

export const live = {
  list: () => call<{ channels: LiveChannel[] }>("GET", "/api/live"),
  get: (channel: string) => call<LiveChannel>("GET", `/api/live/${encodeURIComponent(channel)}`),
};

/** What editors do; publishers alone change channels and see their keys. */
export const channels = {
  list: () => call<{ channels: Channel[] }>("GET", "/api/channels"),
  get: (channel: string) => call<Channel>("GET", base(channel)),
  create: (wish: ChannelWish) => call<Channel>("POST", "/api/channels", wish),
  change: (channel: string, wish: Partial<ChannelWish>) => call<Channel>("PATCH", base(channel), wish),
  start: (channel: string) => call<Channel>("POST", `${base(channel)}/start`),
  stop: (channel: string) => call<Channel>("POST", `${base(channel)}/stop`),
  remove: (channel: string) => call<void>("DELETE", base(channel)),
  putSlate: (channel: string, picture: File) =>
    call<{ url: string }>("PUT", `${base(channel)}/slate`, picture),
  removeSlate: (channel: string) => call<void>("DELETE", `${base(channel)}/slate`),
  health: (channel: string) => call<Health>("GET", `${base(channel)}/health`),
  keys: (channel: string) => call<{ keys: StreamKey[] }>("GET", `${base(channel)}/keys`),
  /** A new key for a place; the ones before it open for `grace_s` longer. */
  makeKey: (channel: string, place: Place, grace_s: number) =>
    call<MadeKey>("POST", `${base(channel)}/keys`, { place, grace_s }),
  /** A draft of what lies between two moments; 425 while the second is still to come. */
  clip: (channel: string, cut: { in: string; out: string; title: string }) =>
    call<Asset>("POST", `${base(channel)}/clips`, cut),
  recordings: (channel: string) => call<{ events: RecordedEvent[] }>("GET", `${base(channel)}/recordings`),
  timeline: (channel: string) => call<{ marks: TimelineMark[] }>("GET", `${base(channel)}/timeline`),
  mark: (channel: string, mark: { kind: MarkKind; title: string; at?: string; duration_s?: number }) =>
    call<TimelineMark>("POST", `${base(channel)}/timeline`, mark),
  endMark: (channel: string, mark: string) =>
    call<TimelineMark>("PATCH", `${base(channel)}/timeline/${encodeURIComponent(mark)}`, { ended: true }),
  revokeKey: (channel: string, key: string) =>
    call<void>("DELETE", `${base(channel)}/keys/${encodeURIComponent(key)}`),
};

/** The playlist of a channel. It is there from the first picture on. */
export function playlistOf(channel: string): string {
  return `/live/${encodeURIComponent(channel)}/index.m3u8`;
}

/** The page on which viewers watch a channel. */
export function pageOf(channel: string): string {
  return `/?live=${encodeURIComponent(channel)}`;
}

/** The page on which editors work with a channel. */
export function studioPageOf(channel: string): string {
  return `/studio?channel=${encodeURIComponent(channel)}`;
}
