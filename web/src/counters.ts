/**
 * What one viewing session has seen so far, as cumulative counters: the service max-merges them, so a heartbeat that is
 * lost, doubled or late does no harm. Pure: time and position come in as arguments (milliseconds, seconds).
 */

export interface Counters {
  /** Seconds of programme played at any speed, measured by the clock while the picture moved. */
  played_s: number;
  /** Seconds in which the viewer wanted to play and the player waited for media, after the start. */
  rebuffer_s: number;
  rebuffers: number;
  /** Seconds from the wish to play to the first frame; 0 before it. */
  startup_s: number;
  /** The bit rate that was shown, added up over the time it was shown (kb/s × s). */
  played_kbit: number;
  /** Seconds of the programme that were shown: more than `played_s` while the player catches up. */
  content_s: number;
  /** How far behind live the picture was, added up over the time it was shown (s × s). */
  latency_s2: number;
  position_s: number;
}

type Phase = "idle" | "starting" | "playing" | "stalled" | "paused";

export class Meter {
  private phase: Phase = "idle";
  private since = 0;
  private wished: number | null = null;
  private kbps = 0;
  private speed = 1;
  private latency = 0;
  /** The first frame was shown. */
  started = false;
  private counted: Counters = {
    played_s: 0,
    rebuffer_s: 0,
    rebuffers: 0,
    startup_s: 0,
    played_kbit: 0,
    content_s: 0,
    latency_s2: 0,
    position_s: 0,
  };

  /** The viewer asked to play. */
  wish(now: number): void {
    if (this.phase !== "idle" && this.phase !== "paused") return;
    this.wished ??= now;
    this.enter(this.started ? "playing" : "starting", now);
  }

  /** The picture moves. */
  moving(now: number): void {
    if (this.phase === "playing") return;
    if (!this.started) this.counted.startup_s = (now - (this.wished ?? now)) / 1000;
    this.started = true;
    this.enter("playing", now);
  }

  /** The picture waits for media. A wait before the first frame is start-up, a wait of a seek is not a stall. */
  waiting(now: number, seeking: boolean): void {
    if (this.phase !== "playing" || seeking) return;
    this.counted.rebuffers += 1;
    this.enter("stalled", now);
  }

  pause(now: number): void {
    if (this.phase !== "idle") this.enter("paused", now);
  }

  /** From now on a rendition of this rate is shown. */
  showing(kbps: number, now: number): void {
    this.enter(this.phase, now);
    this.kbps = kbps;
  }

  /** From now on it plays at this speed, and is so many seconds behind live; 0 where there is no such thing. */
  pace(speed: number, latency: number, now: number): void {
    this.enter(this.phase, now);
    this.speed = speed;
    this.latency = Math.max(0, latency);
  }

  /** The counters at this moment. */
  read(now: number, position: number): Counters {
    this.enter(this.phase, now);
    const rounded = (value: number) => Math.round(value * 1000) / 1000;
    return {
      ...this.counted,
      played_s: rounded(this.counted.played_s),
      rebuffer_s: rounded(this.counted.rebuffer_s),
      startup_s: rounded(this.counted.startup_s),
      played_kbit: Math.round(this.counted.played_kbit),
      content_s: rounded(this.counted.content_s),
      latency_s2: rounded(this.counted.latency_s2),
      position_s: rounded(position),
    };
  }

  private enter(phase: Phase, now: number): void {
    const passed = Math.max(0, now - this.since) / 1000;
    if (this.phase === "playing") {
      this.counted.played_s += passed;
      this.counted.played_kbit += passed * this.kbps;
      this.counted.content_s += passed * this.speed;
      this.counted.latency_s2 += passed * this.latency;
    }
    if (this.phase === "stalled") this.counted.rebuffer_s += passed;
    this.phase = phase;
    this.since = now;
  }
}
