/** The playback of a live channel, whatever plays it. It comes back by itself whatever is lost. */
import type { WallClock } from "./clock";
import type { Mark, Range } from "./geometry";
import type { Stills } from "./stills";

/** `lost`: there is nothing to play at present, and it is tried again. `over`: the event has ended, all of it is there. */
export type Phase = "loading" | "playing" | "lost" | "over";

export interface Quality {
  /** What `choose` takes. */
  level: number;
  name: string;
}

export interface Stream {
  readonly video: HTMLVideoElement;
  readonly phase: Phase;
  /** What may be watched now; null while nothing is known. */
  range(): Range | null;
  clock(): WallClock | null;
  /** Whether the picture is as near to now as it is meant to be. */
  atEdge(): boolean;
  /** Marks that the playlist carries. */
  marks(): Mark[];
  /** Pictures of other moments, for who points at them; null where they cannot be had. */
  readonly stills: Stills | null;
  /** Pictures a second of the best quality; null while nobody knows. */
  frameRate(): number | null;
  qualities(): Quality[];
  /** The chosen quality; -1: by the connection. */
  readonly chosen: number;
  choose(level: number): void;
  seek(second: number): void;
  goLive(): void;
  /** Do not wait for the next try. */
  retry(): void;
  /** Called when the phase, the qualities or the marks have changed. */
  onChange(listener: () => void): void;
  /** Called with the bit rate (kb/s) of the rendition that is shown from now on. */
  onRate(listener: (kbps: number) => void): void;
  /** Called once when it was tried in vain for a while; it is tried on. */
  onFailure(listener: (message: string) => void): void;
  destroy(): void;
}

export interface Source {
  url: string;
  channel: string;
  /** Viewing session, sent with every media request as CMCD `sid`. */
  sessionId?: string | undefined;
}

/** Its failure is said after so many tries. */
export const SAYS_SO_AFTER = 4;

/** Who is told of what happens. */
export function createSignals() {
  const changes: (() => void)[] = [];
  const rates: ((kbps: number) => void)[] = [];
  const failures: ((message: string) => void)[] = [];
  return {
    changed: (): void => changes.forEach((listener) => listener()),
    rate: (kbps: number): void => rates.forEach((listener) => listener(kbps)),
    failed: (message: string): void => failures.splice(0).forEach((listener) => listener(message)),
    listening: {
      onChange: (listener: () => void): void => void changes.push(listener),
      onRate: (listener: (kbps: number) => void): void => void rates.push(listener),
      onFailure: (listener: (message: string) => void): void => void failures.push(listener),
    },
  };
}
