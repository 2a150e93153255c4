/** The editor studio: sign in; upload with progress and publish (`/studio`); live channels (`?channels`, `?channel=ID`). */
import "../styles/base.css";
import "../styles/site.css";
import "../styles/studio.css";
import "../styles/captions.css";
import { call, Problem } from "../api";
import { byId, element } from "../element";
import { createBoard } from "./board";
import { signIn } from "./login";

export interface Me {
  name: string;
  role: "viewer-service" | "editor" | "publisher" | "admin";
}

async function whoAmI(): Promise<Me | null> {
  try {
    return await call<Me>("GET", "/api/me");
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

async function start(): Promise<void> {
  const room = byId("content");
  try {
    const me = (await whoAmI()) ?? (await signIn(room));
    byId("account").replaceChildren(
      element("span", { class: "quiet" }, `${me.name} · ${me.role} `),
      element("button", { type: "button", onclick: signOut }, "Sign out"),
    );
    room.replaceChildren();
    const query = new URLSearchParams(location.search);
    const channel = query.get("channel");
    markPage(channel !== null || query.has("channels"));
    if (channel) await (await import("./live/page")).createChannelPage(room, me, channel);
    else if (query.has("channels")) (await import("./live/list")).createChannelList(room, me);
    else createBoard(room, me);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    room.replaceChildren(element("p", { class: "notice bad", role: "alert" }, said));
  }
}

/** Say in the head of the page where one is. */
function markPage(live: boolean): void {
  byId(live ? "nav-live" : "nav-assets").setAttribute("aria-current", "page");
}

async function signOut(): Promise<void> {
  await call("POST", "/api/studio/logout");
  location.reload();
}

void start();
