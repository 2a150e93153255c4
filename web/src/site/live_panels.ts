/** What is shown in the place of the picture, or over it. */
import { element } from "../element";
import { countdown, moment } from "../live/times";

function panel(...children: (Node | string)[]): HTMLElement {
  const card = element("div", { class: "card" }, ...children);
  return element("div", { class: "player live" }, element("div", { class: "cover" }, card));
}

/** Before the beginning. It counts down by itself as long as it is on the page. */
export function waitingPanel(startsAt: string | null): HTMLElement {
  const left = element("p", { class: "big", role: "timer" });
  const when = element("p");
  const made = panel(
    element("p", { class: "title" }, "It has not begun yet"),
    left,
    when,
    element("p", {}, "It begins here by itself."),
  );
  const count = (): void => {
    const at = startsAt === null ? NaN : Date.parse(startsAt);
    const until = Number.isNaN(at) ? "" : countdown(at - Date.now());
    left.textContent = until;
    left.hidden = !until;
    when.textContent = until ? moment(at, Date.now()) : "";
    when.hidden = !until;
  };
  count();
  const timer = window.setInterval(() => (made.isConnected ? count() : clearInterval(timer)), 1000);
  return made;
}

/** After the end. Without a recording what was shown is still there to be played from its beginning. */
export function endedPanel(recording: string | null, again: () => void): HTMLElement {
  const onwards = recording
    ? element(
        "a",
        { class: "button", href: `/?watch=${encodeURIComponent(recording)}` },
        "Watch the recording",
      )
    : element("button", { type: "button", onclick: again }, "Watch from the beginning");
  return panel(element("p", { class: "title" }, "The event has ended"), onwards);
}

/** Over the picture, while there is none. */
export function lostCard(said: string, retry: () => void): HTMLElement {
  return element(
    "div",
    { class: "card", role: "alert" },
    element("p", { class: "title" }, said),
    element("button", { type: "button", onclick: retry }, "Try now"),
  );
}
