/** Moments as people read them. `locale` and `zone` are those of the reader unless they are named. */
import { duration } from "../format";

/** "14:03:20": when the picture was taken. */
export function timeOfDay(ms: number, locale?: string, zone?: string): string {
  return new Date(ms).toLocaleTimeString(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(zone ? { timeZone: zone } : {}),
  });
}

/** "14:03:20.480": the same for who cuts by it, always of 24 hours. */
export function exactTime(ms: number, zone?: string): string {
  return new Date(ms).toLocaleTimeString("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
    ...(zone ? { timeZone: zone } : {}),
  });
}

/** "14:03" today, "3 Jul, 14:03" on any other day. */
export function moment(ms: number, now: number, locale?: string, zone?: string): string {
  const where = zone ? { timeZone: zone } : {};
  const day = (of: number) => new Date(of).toLocaleDateString(locale, where);
  return new Date(ms).toLocaleString(locale, {
    ...(day(ms) === day(now) ? {} : { day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
    ...where,
  });
}

/** "−1:23": how far behind live. */
export function behindText(seconds: number): string {
  return `−${duration(seconds)}`;
}

/** "1 hour 2 minutes 3 seconds", for who listens. */
export function spoken(seconds: number): string {
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 3600), "hour"],
    [Math.floor(whole / 60) % 60, "minute"],
    [whole % 60, "second"],
  ];
  const said = parts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/** "in 2 days", "in 3 h 20 min", "in 4:05": until something begins. "" once that is past. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds <= 0) return "";
  if (seconds < 3600) return `in ${duration(seconds)}`;
  if (seconds < 86_400) return `in ${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
  const days = Math.round(seconds / 86_400);
  return days === 1 ? "in a day" : `in ${days} days`;
}

/** "1 watching", "12,345 watching"; "" while nobody does. */
export function watching(viewers: number, locale?: string): string {
  return viewers > 0 ? `${viewers.toLocaleString(locale)} watching` : "";
}
