/** The grid of published titles: newest first, searched, a page at a time. */
import { assets, Problem, type PublicAsset } from "../api";
import { element } from "../element";
import { duration } from "../format";
import { hue } from "./hue";

let asked = 0;

/** Show the titles that match `q` (all when empty) in `room`. A newer call wins over an older one still on its way. */
export async function showList(room: HTMLElement, q: string): Promise<void> {
  const mine = ++asked;
  const grid = element("ul", { class: "grid" });
  const more = element("button", { class: "more", type: "button" }, "Show more");
  const heading = element("h1", {}, q ? `Results for “${q}”` : "Highlights");
  let cursor: string | null = null;

  const load = async (): Promise<void> => {
    more.disabled = true;
    const page = await assets.list<PublicAsset>({
      editorial: "published",
      limit: "24",
      ...(q ? { q } : {}),
      ...(cursor ? { cursor } : {}),
    });
    if (mine !== asked) return;
    const shown = page.assets.filter((asset) => asset.playback_url !== null);
    grid.append(...shown.map((asset) => element("li", {}, card(asset))));
    cursor = page.next_cursor;
    more.hidden = cursor === null;
    more.disabled = false;
  };

  try {
    await load();
    if (mine !== asked) return;
    more.addEventListener("click", () => void load());
    const nothing = element(
      "p",
      { class: "notice" },
      q
        ? "Nothing was found. Try fewer or other words."
        : "Nothing is published yet. Upload and publish in the ",
      q ? "" : element("a", { href: "/studio" }, "studio"),
      q ? "" : ".",
    );
    room.replaceChildren(heading, grid.children.length ? grid : nothing, more);
  } catch (error) {
    if (mine !== asked || !(error instanceof Problem)) throw error;
    room.replaceChildren(heading, element("p", { class: "notice bad", role: "alert" }, error.message));
  }
}

function card(asset: PublicAsset): HTMLElement {
  const tile = element(
    "div",
    { class: "tile" },
    asset.poster_url && poster(new URL(asset.poster_url, location.href).pathname),
    asset.duration_s !== null && element("span", { class: "length" }, duration(asset.duration_s)),
  );
  tile.style.setProperty("--hue", String(hue(asset.id)));
  return element(
    "a",
    { class: "card", href: `/?watch=${encodeURIComponent(asset.id)}` },
    tile,
    element("strong", {}, asset.title),
    element("small", {}, [asset.sport, ...asset.tags].filter(Boolean).slice(0, 3).join(" · ")),
  );
}

/** The picture over the tile's colour; without it the colour stays. */
function poster(path: string): HTMLElement {
  const image = element("img", { src: path, alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  return image;
}
