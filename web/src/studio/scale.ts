/** Where a rate and a quality lie on a plot: rates on a logarithmic axis, VMAF from 0 to 100 on the other. */

export interface Point {
  bitrate: number;
  vmaf: number;
}

export interface Scale {
  x(bitrate: number): number;
  y(vmaf: number): number;
  /** Rates with a grid line: each twice the one before. */
  rates: number[];
}

/** A scale that holds all these points in `width` × `height`, from a corner at (0, 0). */
export function scaleOf(points: Point[], width: number, height: number): Scale {
  const rates = points.map((point) => point.bitrate);
  const low = Math.log2(Math.min(...rates) / 1.15);
  const high = Math.log2(Math.max(...rates) * 1.15);
  const lines: number[] = [];
  for (let rate = 15_625; Math.log2(rate) <= high; rate *= 2) if (Math.log2(rate) >= low) lines.push(rate);
  return {
    x: (bitrate) => ((Math.log2(bitrate) - low) / (high - low)) * width,
    y: (vmaf) => (1 - vmaf / 100) * height,
    rates: lines,
  };
}

/** An SVG path through points. */
export function pathOf(points: Point[], scale: Scale): string {
  return points
    .map(
      (point, place) =>
        `${place ? "L" : "M"}${scale.x(point.bitrate).toFixed(1)} ${scale.y(point.vmaf).toFixed(1)}`,
    )
    .join("");
}

/** b/s → "850 kb/s", "2.4 Mb/s". */
export function rateText(bitrate: number): string {
  return bitrate < 1_000_000
    ? `${Math.round(bitrate / 1000)} kb/s`
    : `${(bitrate / 1_000_000).toFixed(1)} Mb/s`;
}
