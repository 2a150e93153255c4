/** The viewer site: a list of what is live and what is published, and a page for each (`/?live=ID`, `/?watch=ID`). */
import "../styles/base.css";
import "../styles/site.css";
import { byId, element } from "../element";
import { showList } from "./list";
import { createLiveList } from "./live_list";

const query = new URLSearchParams(location.search);
const watched = query.get("watch");
const channel = query.get("live");
const form = byId("search") as HTMLFormElement;
const field = form.elements.namedItem("q") as HTMLInputElement;
field.value = query.get("q") ?? "";

if (watched) void import("./watch").then(({ showTitle }) => showTitle(byId("content"), watched));
else if (channel) void import("./live").then(({ showChannel }) => showChannel(byId("content"), channel));
else {
  const live = createLiveList();
  const highlights = element("section");
  byId("content").replaceChildren(live.root, highlights);
  const show = (q: string): void => {
    live.search(q);
    void showList(highlights, q);
  };
  show(field.value);
  let later = 0;
  field.addEventListener("input", () => {
    clearTimeout(later);
    later = window.setTimeout(() => {
      history.replaceState(null, "", field.value ? `/?${new URLSearchParams({ q: field.value })}` : "/");
      show(field.value);
    }, 250);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
