/** The viewer site: a list of what is published, and a page for each title (`/?watch=ID`). */
import "../styles/base.css";
import "../styles/site.css";
import { byId } from "../element";
import { showList } from "./list";

const query = new URLSearchParams(location.search);
const watched = query.get("watch");
const form = byId("search") as HTMLFormElement;
const field = form.elements.namedItem("q") as HTMLInputElement;
field.value = query.get("q") ?? "";

if (watched) void import("./watch").then(({ showTitle }) => showTitle(byId("content"), watched));
else {
  const show = (q: string) => showList(byId("content"), q);
  void show(field.value);
  let later = 0;
  field.addEventListener("input", () => {
    clearTimeout(later);
    later = window.setTimeout(() => {
      history.replaceState(null, "", field.value ? `/?${new URLSearchParams({ q: field.value })}` : "/");
      void show(field.value);
    }, 250);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
}
