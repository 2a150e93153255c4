/** The captions of an asset, as the API tells them. */
import { call } from "../api";
import type { Cue } from "./cues";

export type Kind = "subtitles" | "captions" | "descriptions" | "forced";

export interface Track {
  id: string;
  language: string;
  name: string;
  kind: Kind;
  default: boolean;
  origin: "upload" | "source";
  state: "published" | "waiting";
  etag: string;
  format: string;
  filename: string | null;
  warnings: string[];
  cue_count: number;
  edited_by: string;
}

export interface TrackWithCues extends Track {
  cues: Cue[];
}

export interface TrackList {
  source: "none" | "pending" | "done";
  notes: string[];
  tracks: Track[];
}

const base = (asset: string) => `/api/assets/${encodeURIComponent(asset)}/captions`;

export const captions = {
  list: (asset: string) => call<TrackList>("GET", base(asset)),
  get: (asset: string, track: string) => call<TrackWithCues>("GET", `${base(asset)}/${track}`),
  add: (asset: string, file: File | Blob, query: Record<string, string>) =>
    call<Track>("POST", `${base(asset)}?${new URLSearchParams(query).toString()}`, file),
  save: (asset: string, track: Track, cues: readonly Cue[]) =>
    call<Track>("PUT", `${base(asset)}/${track.id}`, { cues }, { "If-Match": track.etag }),
  replace: (asset: string, track: Track, file: File) =>
    call<Track>(
      "PUT",
      `${base(asset)}/${track.id}?${new URLSearchParams({ filename: file.name }).toString()}`,
      file,
      { "If-Match": track.etag },
    ),
  change: (
    asset: string,
    track: Track,
    values: Partial<Pick<Track, "language" | "name" | "kind" | "default">>,
  ) =>
    call<Track>("PATCH", `${base(asset)}/${track.id}`, values, {
      "Content-Type": "application/merge-patch+json",
      "If-Match": track.etag,
    }),
  remove: (asset: string, track: Track) =>
    call<void>("DELETE", `${base(asset)}/${track.id}`, undefined, { "If-Match": track.etag }),
  file: (asset: string, track: Track, format: "vtt" | "srt") => `${base(asset)}/${track.id}.${format}`,
};
