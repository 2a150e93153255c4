/** A line through the last values of something, as an SVG path. Pure. */

/** The values, oldest first, as they stand now: `value` is added, what is older than `kept` values goes. */
export function pushed<T>(values: readonly T[], value: T, kept: number): T[] {
  return [...values, value].slice(-kept);
}

/** A path in a box of `width` × `height`: `slots` values fill it, the newest is at its right end. 0 is its lower edge, the
 *  highest value lies a tenth below the upper one; null is a hole. */
export function graphOf(
  values: readonly (number | null)[],
  slots: number,
  width: number,
  height: number,
): string {
  const top = Math.max(1, ...values.map((value) => value ?? 0)) * 1.1;
  const step = slots > 1 ? width / (slots - 1) : 0;
  let path = "";
  let joined = false;
  values.forEach((value, place) => {
    if (value !== null) {
      const x = width - (values.length - 1 - place) * step;
      path += `${joined ? "L" : "M"}${x.toFixed(1)} ${(height * (1 - value / top)).toFixed(1)}`;
    }
    joined = value !== null;
  });
  return path;
}
