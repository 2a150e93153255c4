/** Places in time as numbers of frames: what an editor marks is a frame, never a fraction of a second. */

/** The exact rate that a playlist's FRAME-RATE, of three decimals, stands for (RFC 8216bis §4.4.6.2). */
export function exactRate(told: number): number {
  const ntsc = (Math.round(told * 1.001) * 1000) / 1001;
  return Math.abs(told - ntsc) < 0.002 ? ntsc : told;
}

/** The highest frame rate that a multivariant playlist lists: that of the grid. Null where there is no picture. */
export function rateOf(playlist: string): number | null {
  const rates = [...playlist.matchAll(/[,:]FRAME-RATE=([\d.]+)/g)].map((match) => Number(match[1]));
  return rates.length ? exactRate(Math.max(...rates)) : null;
}

/** The frame that is shown from this second of the media on. */
export function frameAt(second: number, rate: number): number {
  return Math.max(0, Math.round(second * rate));
}

/** A second within a frame, away from its edges: what to seek to. */
export function within(frame: number, rate: number): number {
  return (Math.max(0, frame) + 0.5) / rate;
}

/** HH:MM:SS:FF, as the API reads it. */
export function timecode(frame: number, rate: number): string {
  const aSecond = Math.ceil(rate - 1e-6);
  const seconds = Math.floor(frame / aSecond);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, frame % aSecond];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}
