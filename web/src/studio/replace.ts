/** Another file for an asset that plays: what is played stays until all of the other is encoded. */
import { type Asset, assets } from "../api";
import { element } from "../element";
import type { Row } from "./row";
import { startUpload } from "./upload";

/** A button that asks for a file, and uploads it to the asset of a row. */
export function createReplaceButton(asset: () => Asset, row: () => Row): HTMLButtonElement {
  const file = element("input", { type: "file", hidden: true, accept: "video/*,audio/*,.mkv,.mxf,.ts" });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen) startUpload(chosen, "", () => Promise.resolve(row()), asset().id);
  });
  return element(
    "button",
    {
      type: "button",
      title: "Viewers see the present file until the new one is encoded.",
      onclick: () => file.click(),
    },
    "Replace",
    file,
  );
}

/** Give it up, or forget why it failed. */
export function giveUp(id: string): Promise<Asset> {
  return assets.cancelReplacement(id);
}
