/** The service's HTTP API as the pages use it. Types follow /openapi.json. */

export type AssetState = "created" | "uploading" | "indexing" | "playable" | "ready" | "failed";
export type EditorialState = "draft" | "in_review" | "scheduled" | "published" | "unpublished" | "taken_down";

/** What everybody may know of a published asset. */
export interface PublicAsset {
  id: string;
  state: AssetState;
  title: string;
  description: string | null;
  tags: string[];
  sport: string | null;
  duration_s: number | null;
  width: number | null;
  height: number | null;
  encryption: "none" | "aes-128" | "cbcs" | "cenc";
  published_at: string | null;
  playback_url: string | null;
  dash_url: string | null;
  poster_url: string | null;
  storyboard_url: string | null;
}

/** A source that is to take the place of the one that is played. */
export interface Replacement {
  version: number;
  state: "uploading" | "indexing" | "playable" | "failed";
  source_filename: string | null;
  source_size: number | null;
  failure: { code: string; message: string } | null;
}

/** What editors see beside it. */
export interface Asset extends PublicAsset {
  editorial: EditorialState;
  titles: Record<string, string>;
  default_language: string;
  source_filename: string | null;
  source_size: number | null;
  failure: { code: string; message: string } | null;
  profile: string;
  replacement: Replacement | null;
}

/** What packages can be made of. `mine`: without a choice; `settings` null: its file has mistakes, `errors`. */
export interface Profile {
  name: string;
  description: string;
  mine: boolean;
  errors: string[];
  settings: string | null;
}

/** A rendition of the picture; what nobody measured is null. `effort`: CPU time that others left goes into it. `reason`:
 *  why it is not listed. */
export interface Rung {
  id: string;
  codec: "h264" | "hevc" | "av1";
  width: number;
  height: number;
  listed: boolean;
  crf: number | null;
  bitrate: number | null;
  vmaf: number | null;
  effort: boolean;
  reason: string | null;
  curve: { crf: number; bitrate: number; vmaf: number }[];
}

/** The rungs of a title, from small to large. */
export interface Ladder {
  state: "pending" | "chosen" | "fixed";
  target: number | null;
  note: string;
  rungs: Rung[];
}

/** How loud the sound is: LUFS, and dB of gain; null where nobody has measured, or for silence. */
export interface Sound {
  state: "off" | "pending" | "measured";
  target: number | null;
  note: string;
  tracks: {
    id: string;
    name: string;
    language: string;
    channels: number;
    loudness: number | null;
    peak: number | null;
    gain: number | null;
    result: number | null;
  }[];
}

/** The poster, and the pictures that it may be, best first. `by_hand`: an editor chose it. */
export interface Poster {
  url: string;
  by_hand: boolean;
  candidates: { name: string; url: string; at_s: number | null; chosen: boolean }[];
}

export interface AssetPage<A> {
  assets: A[];
  next_cursor: string | null;
}

/** An RFC 9457 answer: `message` says to a person what to do. `retryAfter`: seconds after which to ask again. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** Ask the API; JSON (or a file as it is) in, JSON out. Throws Problem. */
export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  headers: HeadersInit = {},
): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers:
        body === undefined || body instanceof Blob
          ? headers
          : { "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: body instanceof Blob ? body : JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "offline", "The service cannot be reached. Check the connection and try again.");
  }
  if (answer.status === 204) return undefined as T;
  const read: unknown = await answer.json().catch(() => null);
  if (answer.ok) return read as T;
  const problem = (read ?? {}) as { code?: string; detail?: string; title?: string; available_in_s?: number };
  throw new Problem(
    answer.status,
    problem.code ?? "unknown",
    problem.detail || problem.title || `The service answered ${answer.status}.`,
    problem.available_in_s ?? (Number(answer.headers.get("Retry-After")) || null),
  );
}

export const profiles = {
  list: () => call<{ profiles: Profile[] }>("GET", "/api/profiles"),
};

export const assets = {
  list: <A extends PublicAsset = Asset>(query: Record<string, string>) =>
    call<AssetPage<A>>("GET", `/api/assets?${new URLSearchParams(query).toString()}`),
  get: <A extends PublicAsset = Asset>(id: string) => call<A>("GET", `/api/assets/${encodeURIComponent(id)}`),
  change: (id: string, change: Partial<Pick<Asset, "titles" | "tags">>) =>
    call<Asset>("PATCH", `/api/assets/${encodeURIComponent(id)}`, change, {
      "Content-Type": "application/merge-patch+json",
    }),
  ladder: (id: string) => call<Ladder>("GET", `/api/assets/${encodeURIComponent(id)}/ladder`),
  sound: (id: string) => call<Sound>("GET", `/api/assets/${encodeURIComponent(id)}/sound`),
  poster: (id: string) => call<Poster>("GET", `/api/assets/${encodeURIComponent(id)}/poster`),
  /** Null: the best candidate. */
  choosePoster: (id: string, wanted: { candidate: string | null } | { at_s: number }) =>
    call<Poster>("PUT", `/api/assets/${encodeURIComponent(id)}/poster`, wanted),
  sendPoster: (id: string, file: File) =>
    call<Poster>("POST", `/api/assets/${encodeURIComponent(id)}/poster`, file),
  publish: (id: string) => call<Asset>("POST", `/api/assets/${encodeURIComponent(id)}/publish`),
  unpublish: (id: string) => call<Asset>("POST", `/api/assets/${encodeURIComponent(id)}/unpublish`),
  cancel: (id: string) => call<Asset>("POST", `/api/assets/${encodeURIComponent(id)}/cancel`),
  /** Parts of an asset; points as the API reads them. */
  clip: (id: string, cut: { in: string; out?: string; title: string; default_language: string }) =>
    call<Asset>("POST", `/api/assets/${encodeURIComponent(id)}/clips`, cut),
  trim: (id: string, cut: { in: string; out?: string }) =>
    call<Asset>("POST", `/api/assets/${encodeURIComponent(id)}/trim`, cut),
  cancelReplacement: (id: string) =>
    call<Asset>("DELETE", `/api/assets/${encodeURIComponent(id)}/replacement`),
  remove: (id: string) => call<void>("DELETE", `/api/assets/${encodeURIComponent(id)}`),
};
