/** Stream keys of a channel: made, shown once with what to type into an encoder, rotated, revoked. */
import { Problem } from "../../api";
import { element } from "../../element";
import { channels, type MadeKey, type Place, type StreamKey } from "../../live/api";
import { moment } from "../../live/times";
import { createReader } from "../turns";
import { recipes } from "./recipes";

const GRACES: [number, string][] = [
  [0, "at once"],
  [600, "in 10 minutes"],
  [3600, "in an hour"],
  [86_400, "in a day"],
];

export function createStreamKeys(channel: string): HTMLElement {
  const said = element("p", { class: "said", role: "status" });
  const room = element("div");
  const valid = element("ul", { class: "keys", "aria-label": "Stream keys that open" });
  const old = element("ul", { class: "keys" });
  const past = element(
    "details",
    { hidden: true },
    element("summary", {}, "Keys that open nothing any more"),
    old,
  );
  const place = element(
    "select",
    { "aria-label": "Place" },
    element("option", { value: "primary" }, "Primary"),
    element("option", { value: "backup" }, "Backup"),
  );
  const grace = element(
    "select",
    {},
    ...GRACES.map(([seconds, text]) => element("option", { value: seconds }, text)),
  );
  const ending = element("label", { hidden: true }, "The present one ends ", grace);
  const make = element("button", { type: "button", class: "primary" }, "Make a key");
  let known: StreamKey[] = [];

  const opens = (key: StreamKey): boolean =>
    key.revoked_at === null && (key.expires_at === null || Date.parse(key.expires_at) > Date.now());
  const show = (): void => {
    const present = known.filter(opens);
    const gone = known.filter((key) => !opens(key));
    valid.replaceChildren(...present.map(row));
    if (!present.length)
      valid.replaceChildren(element("li", { class: "quiet" }, "None yet: nobody can publish."));
    old.replaceChildren(...gone.map(row));
    past.hidden = gone.length === 0;
    const rotates = present.some((key) => key.place === place.value);
    ending.hidden = !rotates;
    make.textContent = rotates ? "Replace the key" : "Make a key";
  };
  const row = (key: StreamKey): HTMLElement =>
    element(
      "li",
      {},
      element("strong", {}, key.place === "primary" ? "Primary" : "Backup"),
      element(
        "span",
        { class: "quiet" },
        ` made ${moment(Date.parse(key.created_at), Date.now())} by ${key.created_by}`,
      ),
      element("span", { class: "quiet" }, fate(key)),
      opens(key) &&
        element(
          "button",
          {
            type: "button",
            class: "danger",
            "aria-label": `Revoke the ${key.place} key`,
            onclick: () => void revoke(key),
          },
          "Revoke",
        ),
    );
  const { read: refresh } = createReader(
    () => channels.keys(channel),
    ({ keys }) => {
      known = keys;
      show();
    },
  );
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      await refresh();
      said.textContent = "";
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  const revoke = async (key: StreamKey): Promise<void> => {
    if (!window.confirm(`Revoke the ${key.place} key? Whoever publishes with it is put out.`)) return;
    await attempt(() => channels.revokeKey(channel, key.id));
  };
  make.addEventListener("click", () => {
    const seconds = ending.hidden ? 0 : Number(grace.value);
    void attempt(async () => {
      const made = await channels.makeKey(channel, place.value as Place, seconds);
      room.replaceChildren(shownOnce(made, () => room.replaceChildren()));
    });
  });
  place.addEventListener("change", show);
  void attempt(async () => {});
  return element(
    "section",
    { class: "panel", "aria-labelledby": "keys-heading" },
    element("h2", { id: "keys-heading" }, "Stream keys"),
    valid,
    element("div", { class: "line" }, place, ending, make),
    said,
    room,
    past,
  );
}

function fate(key: StreamKey): string {
  if (key.revoked_at) return `, revoked ${moment(Date.parse(key.revoked_at), Date.now())}`;
  if (!key.expires_at) return "";
  const at = Date.parse(key.expires_at);
  return `, ${at > Date.now() ? "opens until" : "ended"} ${moment(at, Date.now())}`;
}

/** The only sight of a secret that there ever is. */
function shownOnce(made: MadeKey, done: () => void): HTMLElement {
  const card = element(
    "div",
    { class: "secret", tabindex: -1, role: "group", "aria-label": `New ${made.key.place} key` },
    element("p", {}, element("strong", {}, "Copy it now: "), "the key is shown this once, and kept nowhere."),
    ...recipes(made).flatMap((recipe) => [
      element("h3", {}, recipe.way),
      ...recipe.lines.map((line) => copied(`${recipe.way}, ${line.name}`, line.name, line.text)),
    ]),
    element("button", { type: "button", onclick: done }, "I have it"),
  );
  queueMicrotask(() => card.focus());
  return card;
}

/** A text that is there to be copied. */
function copied(label: string, name: string, text: string): HTMLElement {
  const field: HTMLInputElement = element("input", {
    readonly: true,
    value: text,
    "aria-label": label,
    onfocus: (): void => field.select(),
  });
  const button = element("button", { type: "button", "aria-label": `Copy ${label}` }, "Copy");
  button.addEventListener("click", () => {
    // A page that is not from a secure origin has no clipboard: the text is selected, the keys copy it.
    const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    written.then(
      () => {
        button.textContent = "Copied";
      },
      () => field.select(),
    );
  });
  return element("div", { class: "copy" }, element("span", { class: "quiet" }, name), field, button);
}
