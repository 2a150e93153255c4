/** Follow an asset by server-sent events until nothing more happens by itself. */
import type { Asset } from "../api";

export interface Progress {
  /** What changed of the asset. */
  asset: Partial<Asset>;
  /** 0 to 100 while it is encoded, else null. */
  percent: number | null;
  /** Whether there is something to play; also while the upload goes on. */
  playable: boolean;
  /** Seconds left; null while nobody can say. */
  eta_s: number | null;
}

interface Told {
  state: Asset["state"];
  editorial: Asset["editorial"];
  percent: number;
  eta_s: number | null;
  playable: boolean;
  failure: Asset["failure"];
}

/** Call `tell` on every change; returns what stops it. */
export function follow(id: string, tell: (progress: Progress) => void, settled: () => void): () => void {
  const events = new EventSource(`/api/assets/${encodeURIComponent(id)}/events`);
  events.addEventListener("progress", (event: MessageEvent<string>) => {
    const told = JSON.parse(event.data) as Told;
    const encoding = told.state === "playable";
    tell({
      asset: { state: told.state, editorial: told.editorial, failure: told.failure },
      percent: encoding ? told.percent : null,
      playable: told.playable,
      eta_s: encoding ? told.eta_s : null,
    });
    if (told.state === "ready" || told.state === "failed") {
      events.close();
      settled();
    }
  });
  events.addEventListener("gone", () => events.close());
  return () => events.close();
}
