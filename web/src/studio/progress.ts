/** Follow an asset by server-sent events until nothing more happens by itself. */
import type { Asset } from "../api";

export interface Progress {
  /** What changed of the asset. */
  asset: Partial<Asset>;
  /** 0 to 100 while it is encoded, else null. */
  percent: number | null;
  /** Seconds left, from the pace so far; null while that is a guess. */
  eta_s: number | null;
}

interface Told {
  state: Asset["state"];
  editorial: Asset["editorial"];
  percent: number;
  failure: Asset["failure"];
}

/** Pace is only told once this much is done: before that it says nothing. */
const TRUST_FROM_PERCENT = 8;

/** Call `tell` on every change; returns what stops it. */
export function follow(id: string, tell: (progress: Progress) => void, settled: () => void): () => void {
  const events = new EventSource(`/api/assets/${encodeURIComponent(id)}/events`);
  let begun: { at: number; percent: number } | null = null;
  events.addEventListener("progress", (event: MessageEvent<string>) => {
    const told = JSON.parse(event.data) as Told;
    const encoding = told.state === "playable";
    if (encoding) begun ??= { at: performance.now(), percent: told.percent };
    const done = begun ? told.percent - begun.percent : 0;
    const passed = begun ? (performance.now() - begun.at) / 1000 : 0;
    tell({
      asset: { state: told.state, editorial: told.editorial, failure: told.failure },
      percent: encoding ? told.percent : null,
      eta_s: done >= TRUST_FROM_PERCENT ? (passed / done) * (100 - told.percent) : null,
    });
    if (told.state === "ready" || told.state === "failed") {
      events.close();
      settled();
    }
  });
  events.addEventListener("gone", () => events.close());
  return () => events.close();
}
