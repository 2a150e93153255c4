/** One asset on the board: title, state with true progress, and what an editor can do next. */
import { type Asset, assets, Problem } from "../api";
import { element } from "../element";
import { bytes, duration, remaining } from "../format";
import { openCaptions } from "./captions";
import { openLadder } from "./ladder";
import type { Me } from "./main";
import { openPosters } from "./posters";
import { openPreview } from "./preview";
import { follow, type Progress } from "./progress";
import { createReplaceButton, giveUp } from "./replace";
import { replacing } from "./replacing";
import { createTurns } from "./turns";

export interface Row {
  root: HTMLElement;
  update(asset: Asset): void;
  uploading(part: number, text: string, cancel?: () => void): void;
  uploaded(): void;
  stopped(reason: string): void;
  close(): void;
}

const STATES: Record<Asset["state"], string> = {
  created: "Waiting for its file",
  uploading: "Uploading",
  indexing: "Reading",
  playable: "Playable, encoding",
  ready: "Ready",
  failed: "Failed",
};

/** `clipped` is told of an asset that was cut out of this one. */
export function createRow(first: Asset, me: Me, removed: () => void, clipped: (clip: Asset) => void): Row {
  let asset = first;
  let unfollow = () => {};
  let replacedPart: number | null = null;
  const inTurn = createTurns();
  const title = element("input", { class: "title", "aria-label": "Title" });
  const facts = element("span", { class: "quiet facts" });
  const badge = element("span", { class: "badge" });
  const editorial = element("span", { class: "badge" });
  const bar = element("progress", { max: 1, "aria-label": "Progress" });
  const said = element("span", { class: "said", role: "status" });
  const refused = element("span", { class: "said bad", role: "alert" });
  const play = element("button", { type: "button", onclick: () => void openPreview(asset, clipped) }, "Play");
  const poster = element("button", { type: "button", onclick: () => void openPosters(asset) }, "Poster");
  const captions = element("button", { type: "button", onclick: () => void openCaptions(asset) }, "Captions");
  const quality = element("button", { type: "button", onclick: () => void openLadder(asset) }, "Quality");
  const publish = element("button", {
    type: "button",
    class: "primary",
    onclick: () => void togglePublished(),
  });
  const cancel = element("button", { type: "button", hidden: true }, "Cancel");
  const replace = createReplaceButton(
    () => asset,
    () => row,
  );
  const coming = element("span", { class: "said", role: "status", hidden: true });
  const keep = element(
    "button",
    { type: "button", hidden: true, onclick: () => void attempt(() => giveUp(asset.id)) },
    "Keep the present file",
  );
  const stop = element(
    "button",
    { type: "button", onclick: () => void attempt(() => assets.cancel(asset.id)) },
    "Stop encode",
  );
  const remove = element(
    "button",
    { type: "button", class: "danger", onclick: () => void askAndRemove() },
    "Delete",
  );
  const root = element(
    "li",
    { class: "row", "data-asset": first.id },
    element("div", { class: "what" }, title, facts),
    element("div", { class: "state" }, badge, editorial, bar, said, coming, refused),
    element(
      "div",
      { class: "actions" },
      cancel,
      stop,
      keep,
      play,
      poster,
      quality,
      captions,
      replace,
      publish,
      remove,
    ),
  );

  const show = (): void => {
    const planned = asset.state === "playable" || asset.state === "ready";
    root.dataset["state"] = asset.state;
    root.dataset["editorial"] = asset.editorial;
    if (document.activeElement !== title) title.value = asset.title;
    facts.textContent = [
      asset.duration_s !== null && duration(asset.duration_s),
      asset.width && asset.height && `${asset.width}×${asset.height}`,
      asset.source_size && bytes(asset.source_size),
      asset.source_filename,
      asset.profile !== "default" && `profile ${asset.profile}`,
      asset.encryption !== "none" && `encrypted (${asset.encryption.toUpperCase()})`,
    ]
      .filter(Boolean)
      .join(" · ");
    badge.textContent = STATES[asset.state];
    editorial.textContent = asset.editorial.replace("_", " ");
    play.disabled = asset.playback_url === null;
    poster.hidden = asset.poster_url === null;
    quality.hidden = !planned;
    stop.hidden = asset.state !== "indexing" && asset.state !== "playable";
    publish.textContent = asset.editorial === "published" ? "Unpublish" : "Publish";
    publish.classList.toggle("primary", asset.editorial !== "published");
    publish.disabled = me.role !== "publisher" && me.role !== "admin";
    publish.title = publish.disabled ? "A publisher decides what the public sees." : "";
    replace.hidden = !planned;
    keep.hidden = asset.replacement === null;
    coming.hidden = asset.replacement === null;
    coming.textContent = asset.replacement ? replacing(asset, asset.replacement, replacedPart) : "";
    if (asset.state === "ready" || asset.state === "failed") bar.hidden = true;
    if (asset.state === "failed")
      said.textContent = asset.failure?.message ?? "This file could not be made playable.";
    else if (asset.state === "ready") said.textContent = "";
  };

  /** In turn, whether it is asked or told: what an editor did is not undone by an answer from before it. */
  const learn = (work: () => Promise<Asset | void>, trouble: HTMLElement): Promise<void> =>
    inTurn(async () => {
      try {
        asset = (await work()) ?? asset;
      } catch (error) {
        trouble.textContent = error instanceof Problem ? error.message : String(error);
      }
      show();
    });
  const attempt = (work: () => Promise<Asset | void>): Promise<void> => {
    refused.textContent = "";
    return learn(work, refused);
  };
  const togglePublished = () =>
    attempt(() => (asset.editorial === "published" ? assets.unpublish(asset.id) : assets.publish(asset.id)));
  const askAndRemove = async (): Promise<void> => {
    if (!window.confirm(`Delete “${asset.title}” and all its media? This cannot be undone.`)) return;
    await attempt(async () => {
      await assets.remove(asset.id);
      unfollow();
      removed();
    });
  };
  title.addEventListener("change", () => {
    const wanted = title.value.trim();
    if (wanted && wanted !== asset.title)
      void attempt(() => assets.change(asset.id, { titles: { [asset.default_language]: wanted } }));
    else title.value = asset.title;
  });
  title.addEventListener("keydown", (event) => {
    if (event.key === "Enter") title.blur();
    if (event.key === "Escape") {
      title.value = asset.title;
      title.blur();
    }
  });

  const watch = (): void => {
    unfollow();
    let asked = "";
    const refresh = (): void => void learn(() => assets.get(asset.id), said);
    const tell = (progress: Progress): void => {
      const wasReplaced = asset.replacement !== null && !progress.asset.replacement;
      asset = { ...asset, ...progress.asset };
      replacedPart = progress.replaced;
      if (wasReplaced) refresh();
      // Something plays while the upload goes on; how long it is, is known once that has ended.
      const lacking = asset.state === "playable" ? asset.duration_s === null : asset.playback_url === null;
      if (progress.playable && lacking && asked !== asset.state) {
        asked = asset.state;
        refresh();
      }
      bar.hidden = progress.percent === null;
      if (progress.percent !== null) {
        bar.value = progress.percent / 100;
        const left = progress.eta_s === null ? "" : `, ${remaining(progress.eta_s)} left`;
        said.textContent = `${Math.floor(progress.percent)} %${left}`;
      }
      show();
    };
    unfollow = follow(asset.id, tell, refresh);
  };

  show();
  bar.hidden = true;
  if ((asset.state !== "ready" && asset.state !== "failed") || asset.replacement !== null) watch();
  const row: Row = {
    root,
    update: (fresh) => {
      asset = fresh;
      show();
    },
    uploading: (part, text, end) => {
      // What plays goes on beside an upload that is to replace it.
      const beside = asset.playback_url !== null && asset.state !== "uploading";
      if (!beside) {
        root.dataset["state"] = "uploading";
        badge.textContent = STATES.uploading;
      }
      bar.hidden = false;
      bar.value = part;
      said.textContent = beside ? `Replacing: ${text}` : text;
      if (end) {
        cancel.hidden = false;
        cancel.onclick = end;
      }
    },
    uploaded: () => {
      cancel.hidden = true;
      bar.removeAttribute("value");
      if (asset.playback_url === null) badge.textContent = STATES.indexing;
      else bar.hidden = true;
      said.textContent = "";
      watch();
    },
    stopped: (why) => {
      cancel.hidden = true;
      bar.hidden = true;
      said.textContent = why;
    },
    close: () => unfollow(),
  };
  return row;
}
