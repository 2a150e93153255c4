/** Moments in fields of a form: `datetime-local` knows no zone, the service wants one. Pure but for the reader's zone. */

/** "2026-07-03T14:00:00Z" → "2026-07-03T16:00" in Paris; "" for none. */
export function toLocal(iso: string | null): string {
  if (!iso) return "";
  const at = new Date(iso);
  const two = (part: number) => String(part).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The same back; null for an empty field. */
export function fromLocal(text: string): string | null {
  return text ? new Date(text).toISOString() : null;
}
