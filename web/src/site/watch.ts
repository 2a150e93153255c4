/** One title: the player, what it is, how many watch. */
import { assets, call, Problem, type PublicAsset } from "../api";
import { element } from "../element";
import { duration } from "../format";
import { createPlayer } from "../player";
import { openSession, report } from "../session";

const LOOK_AGAIN_MS = 15_000;

export async function showTitle(room: HTMLElement, id: string): Promise<void> {
  try {
    const [asset, session] = await Promise.all([assets.get<PublicAsset>(id), openSession({ asset: id })]);
    document.title = asset.title;
    const player = createPlayer({
      url: new URL(session.playback_url).pathname,
      title: asset.title,
      contentId: asset.id,
      poster: asset.poster_url ? new URL(asset.poster_url, location.href).pathname : undefined,
      storyboard: asset.storyboard_url ? new URL(asset.storyboard_url, location.href).pathname : undefined,
      sessionId: session.session_id,
      startAt: session.resume_at_s || undefined,
    });
    report(session, player);
    const said = element("p", { class: "notice bad", role: "alert", hidden: true });
    player.onFailure((message) => {
      said.textContent = message;
      said.hidden = false;
    });
    const audience = element("span", { id: "audience" });
    room.replaceChildren(
      player.root,
      said,
      element("h1", {}, asset.title),
      element(
        "p",
        { class: "facts" },
        asset.duration_s !== null && element("span", {}, duration(asset.duration_s)),
        asset.sport && element("span", {}, asset.sport),
        ...asset.tags.map((tag) => element("a", { href: `/?${new URLSearchParams({ q: tag })}` }, `#${tag}`)),
        audience,
      ),
      asset.description ? element("p", {}, asset.description) : "",
    );
    void player.video.play().catch(() => {
      // The browser wants a click first; the controls are there for it.
    });
    player.video.addEventListener("playing", () => void count(audience, id), { once: true });
  } catch (error) {
    const said = error instanceof Problem ? error.message : String(error);
    room.replaceChildren(
      element("p", { class: "notice bad", role: "alert" }, said),
      element("p", {}, element("a", { href: "/" }, "All highlights")),
    );
  }
}

async function count(shown: HTMLElement, id: string): Promise<void> {
  try {
    const audience = await call<{ now: number; views: number }>(
      "GET",
      `/api/assets/${encodeURIComponent(id)}/viewers`,
    );
    const views = audience.views === 1 ? "1 view" : `${audience.views.toLocaleString()} views`;
    shown.textContent = `${audience.now.toLocaleString()} watching · ${views}`;
  } catch {
    shown.textContent = "";
  }
  window.setTimeout(() => void count(shown, id), LOOK_AGAIN_MS);
}
