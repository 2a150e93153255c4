/** Times of cues as editors read and write them: milliseconds ↔ "1:02:03.450", "02:03.45", "123.4". */

const TIME = /^\s*(?:(?:(\d+):)?(\d{1,3}):)?(\d{1,6})(?:[.,](\d{1,3}))?\s*$/;

/** 3_723_450 → "1:02:03.450", 5_000 → "0:05.000". */
export function timeText(ms: number): string {
  const whole = Math.floor(ms / 1000);
  const two = (part: number) => String(part).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const rest = `${two(whole % 60)}.${String(ms % 1000).padStart(3, "0")}`;
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

/** Milliseconds; null for what is no time. */
export function parseTime(text: string): number | null {
  const match = TIME.exec(text);
  if (!match) return null;
  const [, hours, minutes, seconds, fraction] = match;
  const thousandths = Number((fraction ?? "").padEnd(3, "0"));
  return ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds)) * 1000 + thousandths;
}
