/** Follow an asset by server-sent events until nothing more happens by itself. */
import type { Asset, Replacement } from "../api";

export interface Progress {
  /** What changed of the asset. */
  asset: Partial<Asset>;
  /** 0 to 100 while it is encoded, else null. */
  percent: number | null;
  /** Whether there is something to play; also while the upload goes on. */
  playable: boolean;
  /** Seconds left; null while nobody can say. */
  eta_s: number | null;
  /** 0 to 100 of what is on its way to replace it, else null. */
  replaced: number | null;
}

interface Told {
  state: Asset["state"];
  editorial: Asset["editorial"];
  percent: number;
  eta_s: number | null;
  playable: boolean;
  failure: Asset["failure"];
  replacement: (Replacement & { percent: number }) | null;
}

/** Call `tell` on every change; returns what stops it. */
export function follow(id: string, tell: (progress: Progress) => void, settled: () => void): () => void {
  const events = new EventSource(`/api/assets/${encodeURIComponent(id)}/events`);
  events.addEventListener("progress", (event: MessageEvent<string>) => {
    const told = JSON.parse(event.data) as Told;
    const encoding = told.state === "playable";
    tell({
      asset: {
        state: told.state,
        editorial: told.editorial,
        failure: told.failure,
        replacement: told.replacement,
      },
      percent: encoding ? told.percent : null,
      playable: told.playable,
      eta_s: encoding ? told.eta_s : null,
      replaced: told.replacement && told.replacement.state !== "indexing" ? told.replacement.percent : null,
    });
    const coming = told.replacement && told.replacement.state !== "failed";
    if ((told.state === "ready" || told.state === "failed") && !coming) {
      events.close();
      settled();
    }
  });
  events.addEventListener("gone", () => events.close());
  return () => events.close();
}
