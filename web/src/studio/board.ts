/** The board: a drop zone, and every asset with its state, newest first, kept up to date by server-sent events. */
import { assets, type Asset } from "../api";
import { element } from "../element";
import { createDropZone } from "./dropzone";
import type { Me } from "./main";
import { createProfilePicker } from "./profiles";
import { createRow, type Row } from "./row";
import { createReader } from "./turns";
import { startUpload } from "./upload";

export function createBoard(room: HTMLElement, me: Me): void {
  const rows = new Map<string, Row>();
  const list = element("ul", { class: "rows", "aria-label": "Assets" });
  const more = element("button", { class: "more", type: "button", hidden: true }, "Show more");
  const empty = element(
    "p",
    { class: "quiet", hidden: true },
    "Nothing here yet. Drop your first highlight above.",
  );
  const search = element("input", {
    type: "search",
    placeholder: "Search titles",
    "aria-label": "Search titles",
  });
  const profile = createProfilePicker();
  let cursor: string | null = null;

  const place = (asset: Asset, first: boolean): Row => {
    const known = rows.get(asset.id);
    if (known) {
      known.update(asset);
      return known;
    }
    const removed = (): void => {
      rows.delete(asset.id);
      row.root.remove();
      empty.hidden = rows.size > 0;
    };
    const row = createRow(asset, me, removed, (clip) => place(clip, true));
    rows.set(asset.id, row);
    if (first) list.prepend(row.root);
    else list.append(row.root);
    empty.hidden = true;
    return row;
  };

  const { read: load } = createReader(
    (fresh: boolean) => {
      if (fresh) cursor = null;
      return assets.list({
        limit: "30",
        ...(search.value ? { q: search.value } : {}),
        ...(cursor ? { cursor } : {}),
      });
    },
    (page, fresh) => {
      if (fresh) {
        for (const row of rows.values()) row.close();
        rows.clear();
        list.replaceChildren();
      }
      for (const asset of page.assets) place(asset, false);
      cursor = page.next_cursor;
      more.hidden = cursor === null;
      empty.hidden = rows.size > 0;
    },
  );

  const upload = (files: File[]): void => {
    for (const file of files) {
      startUpload(file, profile.chosen(), async (id) => {
        const row = place(await assets.get(id), true);
        row.root.scrollIntoView({ block: "nearest" });
        return row;
      });
    }
  };

  let later = 0;
  search.addEventListener("input", () => {
    clearTimeout(later);
    later = window.setTimeout(() => void load(true), 250);
  });
  more.addEventListener("click", () => void load(false));
  room.append(
    createDropZone(upload, profile.root),
    element("div", { class: "toolbar" }, element("h2", {}, "Assets"), search),
    empty,
    list,
    more,
  );
  void load(true);
}
