/** A dialog for all that can be said of a channel. */
import { Problem, profiles } from "../../api";
import { element } from "../../element";
import type { Channel, ChannelWish } from "../../live/api";
import { fromLocal, toLocal } from "./schedule";

const WINDOWS: [number, string][] = [
  [1800, "30 minutes"],
  [3600, "1 hour"],
  [7200, "2 hours"],
  [14_400, "4 hours"],
  [28_800, "8 hours"],
  [86_400, "24 hours"],
];
const DEFAULT_WINDOW_S = 14_400;
const RUNNING = new Set(["waiting", "live", "interrupted"]);

/** Ask for a new channel (null), or for changes of one; `save` throws Problem if the service does not take it. */
export function openChannelForm(channel: Channel | null, save: (wish: ChannelWish) => Promise<void>): void {
  const runs = channel !== null && RUNNING.has(channel.state);
  const title = element("input", { required: true, maxlength: 200, value: channel?.title ?? "" });
  const isPublic = element("input", { type: "checkbox", checked: channel?.public ?? true });
  const record = element("input", { type: "checkbox", checked: channel?.record ?? true });
  const latency = choice([
    ["low", "Low: about two seconds"],
    ["relaxed", "Relaxed: about three, for viewers far away"],
  ]);
  latency.value = channel?.latency ?? "low";
  latency.disabled = runs;
  const dvr = choice(windows(channel?.dvr_s ?? DEFAULT_WINDOW_S));
  dvr.value = String(channel?.dvr_s ?? DEFAULT_WINDOW_S);
  const profile = choice([[channel?.profile ?? "", channel?.profile || "The default"]]);
  profile.disabled = runs;
  const begins = element("input", { type: "datetime-local", value: toLocal(channel?.starts_at ?? null) });
  const ends = element("input", { type: "datetime-local", value: toLocal(channel?.ends_at ?? null) });
  const said = element("p", { class: "notice bad", role: "alert", hidden: true });
  const submit = element("button", { class: "primary" }, channel ? "Save" : "Make the channel");
  const name = channel ? `Edit ${channel.title}` : "New channel";
  const form = element(
    "form",
    { class: "fields" },
    field("Title", title),
    tick(
      isPublic,
      "Public",
      "Everybody may watch, and it is on the home page. Without it editors alone see it.",
    ),
    tick(record, "Record", "What was shown becomes an asset when the event ends."),
    field("Viewers may go back", dvr),
    field("Latency", latency, runs ? "Between events only." : ""),
    field("Profile", profile, runs ? "Between events only." : ""),
    field("Begins by itself", begins, "Empty: when you start it."),
    field("Ends by itself", ends, "Empty: when you stop it."),
    said,
    submit,
  );
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview narrow", "aria-label": name },
    element(
      "header",
      {},
      element("strong", {}, name),
      element("button", { type: "button", onclick: (): void => dialog.close() }, "Close"),
    ),
    form,
  );
  const wish = (): ChannelWish => ({
    title: title.value.trim(),
    public: isPublic.checked,
    dvr_s: Number(dvr.value),
    starts_at: fromLocal(begins.value),
    ends_at: fromLocal(ends.value),
    record: record.checked,
    ...(runs ? {} : { latency: latency.value as Channel["latency"], profile: profile.value }),
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit.disabled = true;
    save(wish()).then(
      () => dialog.close(),
      (error: unknown) => {
        submit.disabled = false;
        said.textContent = error instanceof Problem ? error.message : String(error);
        said.hidden = false;
      },
    );
  });
  dialog.addEventListener("close", () => dialog.remove());
  void profiles.list().then(
    ({ profiles: all }) => {
      const chosen = profile.value;
      const known = all
        .filter((each) => each.settings !== null)
        .map((each) => [each.name, each.name] as const);
      const mine = all.find((each) => each.mine)?.name;
      profile.replaceChildren(...options([["", mine ? `Yours: ${mine}` : "The default"], ...known]));
      profile.value = chosen;
    },
    // Without a list everybody has his own default.
    () => {},
  );
  document.body.append(dialog);
  dialog.showModal();
}

function windows(present: number): [number, string][] {
  const known = WINDOWS.some(([seconds]) => seconds === present);
  return known ? WINDOWS : [[present, `${present} seconds`], ...WINDOWS];
}

function options(choices: readonly (readonly [string | number, string])[]): HTMLOptionElement[] {
  return choices.map(([value, text]) => element("option", { value }, text));
}

function choice(choices: readonly (readonly [string | number, string])[]): HTMLSelectElement {
  return element("select", {}, ...options(choices));
}

function field(name: string, control: HTMLElement, hint = ""): HTMLElement {
  return element(
    "label",
    {},
    element("span", {}, name),
    control,
    hint && element("small", { class: "quiet" }, hint),
  );
}

function tick(control: HTMLInputElement, name: string, hint: string): HTMLElement {
  return element(
    "label",
    { class: "tick" },
    control,
    element("span", {}, name, element("small", { class: "quiet" }, hint)),
  );
}
