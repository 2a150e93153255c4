/** Which picture stands for a title: its candidates, one of which is chosen. */
import { type Asset, assets, type Poster, Problem } from "../api";
import { element } from "../element";
import { duration } from "../format";

export async function openPosters(asset: Asset): Promise<void> {
  const room = element("fieldset", { class: "posters" }, element("p", { class: "quiet" }, "Loading…"));
  const said = element("p", { class: "quiet", role: "status" });
  const best = element("button", { type: "button" }, "Take the best");
  const file = element("input", { type: "file", hidden: true, accept: "image/jpeg,image/png,image/webp" });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen)
      void attempt(
        () => assets.sendPoster(asset.id, chosen),
        "Saved. Pages that are open show it when they are loaded again.",
      );
  });
  const send = element("button", { type: "button", onclick: () => file.click() }, "Send a picture", file);
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview", "aria-label": `Poster of ${asset.title}` },
    element(
      "header",
      {},
      element("strong", {}, `Poster of ${asset.title}`),
      best,
      send,
      element("button", { type: "button", onclick: (): void => dialog.close() }, "Close"),
    ),
    room,
    said,
  );
  const show = (poster: Poster): void => {
    best.disabled = !poster.by_hand;
    room.replaceChildren(
      element(
        "legend",
        { class: "quiet" },
        "Viewers see the chosen picture before they press play. For any other: Play, then “Use as poster”.",
      ),
      ...poster.candidates.map((candidate, place) =>
        element(
          "label",
          {},
          element("img", { src: candidate.url, alt: `Picture ${place + 1}`, loading: "lazy" }),
          element(
            "span",
            {},
            element("input", {
              type: "radio",
              name: "poster",
              value: candidate.name,
              checked: candidate.chosen,
              onchange: () => void choose(candidate.name),
            }),
            candidate.at_s === null ? " sent" : ` at ${duration(candidate.at_s)}`,
          ),
        ),
      ),
    );
  };
  const attempt = async (work: () => Promise<Poster>, done: string): Promise<void> => {
    try {
      show(await work());
      said.textContent = done;
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  const choose = (name: string | null): Promise<void> =>
    attempt(
      () => assets.choosePoster(asset.id, { candidate: name }),
      "Saved. Pages that are open show it when they are loaded again.",
    );
  best.addEventListener("click", () => void choose(null));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  await attempt(() => assets.poster(asset.id), "");
}
