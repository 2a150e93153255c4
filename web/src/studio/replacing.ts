/** What is said in a row of the version that is to take the place of the one that is played. */
import type { Asset, Replacement } from "../api";

type Played = Pick<Asset, "source_filename" | "source_size">;

const STATES: Record<Replacement["state"], string> = {
  uploading: "uploading",
  indexing: "reading",
  playable: "encoding",
  failed: "failed",
};

/** What takes the place of an asset's present version, and how far it has come; `percent` null while nobody knows. */
export function replacing(asset: Played, coming: Replacement, percent: number | null): string {
  const part = percent === null ? "" : ` ${Math.floor(percent)} %`;
  const exact = isExact(asset, coming);
  if (coming.state === "failed") {
    const failed = exact ? "It could not be made exact to the frame" : "The replacement failed";
    return `${failed}: ${coming.failure?.message ?? "it could not be made."}`;
  }
  if (exact) return `Playable already; being made exact to the frame${part}`;
  return `Replacing, ${STATES[coming.state]}${part}`;
}

/** Whether it is a clip of a running channel: of the same pieces of the same feed, cut to the frame. */
function isExact(asset: Played, coming: Replacement): boolean {
  const named = asset.source_filename ?? coming.source_filename;
  return named === null && asset.source_size === coming.source_size;
}
