/** What viewers of a channel see while nobody publishes: a picture of its own, or the built-in one. */
import { Problem } from "../../api";
import { element } from "../../element";
import { type Channel, channels } from "../../live/api";

/** As much as the service reads. */
const MOST_BYTES = 10 << 20;

export interface SlatePanel {
  root: HTMLElement;
  update(channel: Channel): void;
}

/** `changed` is told when another one, or none, was set. */
export function createSlate(channel: string, changed: () => void): SlatePanel {
  const said = element("p", { class: "said", role: "status" });
  const picture = element("img", { alt: "The channel’s slate", hidden: true });
  const builtIn = element("p", { class: "quiet" }, "Three dots on a dark ground: the built-in slate.");
  const file = element("input", {
    type: "file",
    hidden: true,
    accept: "image/jpeg,image/png,image/webp",
    "aria-label": "Picture for the slate",
  });
  const choose = element("button", { type: "button", onclick: () => file.click() }, "Choose a picture");
  const remove = element(
    "button",
    { type: "button", class: "danger", hidden: true, onclick: () => void takeDown() },
    "Remove it",
  );
  let shown: string | null = null;

  const show = (url: string | null): void => {
    if (url === shown) return;
    shown = url;
    if (url === null) picture.removeAttribute("src");
    else picture.src = url;
    picture.hidden = url === null;
    remove.hidden = url === null;
    builtIn.hidden = url !== null;
    choose.textContent = url === null ? "Choose a picture" : "Choose another one";
  };
  const attempt = async (work: () => Promise<string | null>, done: string): Promise<void> => {
    said.textContent = "One moment …";
    choose.disabled = remove.disabled = true;
    try {
      const url = await work();
      changed();
      show(url);
      said.textContent = done;
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    } finally {
      choose.disabled = remove.disabled = false;
      // A button that was disabled or is gone has lost the focus of who works by keys.
      if (document.activeElement === document.body) choose.focus();
    }
  };
  const send = async (chosen: File): Promise<void> => {
    if (chosen.size > MOST_BYTES) {
      said.textContent = "The file has more than 10 MB. Save it smaller: as JPEG, or with fewer pixels.";
      return;
    }
    await attempt(
      async () => (await channels.putSlate(channel, chosen)).url,
      "Viewers see it from now on, whenever nobody sends a picture.",
    );
  };
  const takeDown = async (): Promise<void> => {
    if (!window.confirm("Remove the picture? Viewers see the built-in slate then.")) return;
    await attempt(async () => {
      await channels.removeSlate(channel);
      return null;
    }, "Removed.");
  };
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    file.value = "";
    if (chosen) void send(chosen);
  });
  const root = element(
    "section",
    { class: "panel slate", "aria-labelledby": "slate-heading" },
    element("h2", { id: "slate-heading" }, "Slate"),
    element("p", { class: "quiet" }, "Shown while nobody sends a picture. JPEG, PNG or WebP, up to 10 MB."),
    picture,
    builtIn,
    element("div", { class: "line" }, choose, remove, file),
    said,
  );
  return { root, update: (now) => show(now.slate_url) };
}
