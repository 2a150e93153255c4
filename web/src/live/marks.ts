/** Marks on the bar, out of the EXT-X-DATERANGE of a playlist. Pure. */
import type { Mark } from "./geometry";

/** What hls.js knows of such a tag. */
export interface Tagged {
  id: string;
  class: string;
  startDate: Date;
  duration: number | null;
  isValid: boolean;
  attr: Record<string, string | undefined>;
}

/** Marks with a title; what is there for machines alone, splices of SCTE-35 for instance, is none. */
export function marksOf(tags: readonly (Tagged | undefined)[]): Mark[] {
  const marks: Mark[] = [];
  for (const tag of tags) {
    const title = tag?.attr["X-TITLE"];
    if (!tag?.isValid || !title) continue;
    marks.push({
      id: tag.id,
      kind: tag.class.split(".").pop() ?? "",
      title,
      at: tag.startDate.getTime(),
      length: tag.duration ?? 0,
    });
  }
  return marks;
}
