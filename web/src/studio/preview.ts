/** Look at an asset before anybody else does. */
import type { Asset } from "../api";
import { element } from "../element";
import { createCutter } from "./cutter";

/** `made` is told of a clip that is cut here. */
export async function openPreview(asset: Asset, made: (clip: Asset) => void): Promise<void> {
  const { createPlayer } = await import("../player");
  const player = createPlayer({
    url: `/v/${encodeURIComponent(asset.id)}/index.m3u8`,
    title: asset.title,
    contentId: asset.id,
    private: true,
  });
  const said = element("p", { class: "notice bad", role: "alert", hidden: true });
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview", "aria-label": `Preview of ${asset.title}` },
    element(
      "header",
      {},
      element("strong", {}, asset.title),
      element("button", { type: "button", onclick: (): void => dialog.close() }, "Close"),
    ),
    player.root,
    said,
  );
  dialog.append(createCutter(asset, player.video, dialog, made));
  player.onFailure((message) => {
    said.textContent = message;
    said.hidden = false;
  });
  dialog.addEventListener("close", () => {
    player.destroy();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  void player.video.play().catch(() => {
    // The browser wants a click first; the controls are there for it.
  });
}
