/** The captions of an asset: its tracks, what became of those inside the source, and where files come in. */
import { type Asset, Problem } from "../api";
import { captions, type Kind, type Track, type TrackList } from "../captions/api";
import { commonLanguages, languageName, languageOf } from "../captions/languages";
import { element } from "../element";
import { openCueEditor } from "./cue_editor";
import { createReader } from "./turns";

const KINDS: [Kind, string][] = [
  ["subtitles", "Subtitles"],
  ["captions", "Captions with sounds"],
  ["descriptions", "Spoken descriptions"],
  ["forced", "Forced (shown unasked)"],
];
const ACCEPT = ".srt,.vtt,.webvtt,.ttml,.dfxp,.xml,.scc,.stl,.ass,.ssa,text/vtt";
const LOOK_AGAIN_MS = 2000;

export async function openCaptions(asset: Asset): Promise<void> {
  let later = 0;
  const said = element("p", { class: "said", role: "status" });
  const tracks = element("ul", { class: "tracks", "aria-label": "Caption tracks" });
  const notes = element("ul", { class: "quiet notes" });
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview captions", "aria-label": `Captions of ${asset.title}` },
    element(
      "header",
      {},
      element("strong", {}, `Captions of ${asset.title}`),
      element("button", { type: "button", onclick: (): void => dialog.close() }, "Close"),
    ),
    tracks,
    notes,
    uploadForm(async (file, query) => {
      await attempt(() => captions.add(asset.id, file, query));
    }),
    said,
  );

  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    said.textContent = "Saving…";
    try {
      await work();
      said.textContent = "Saved.";
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
    await refresh();
  };
  const { read } = createReader(
    () => captions.list(asset.id),
    (list) => {
      if (!tracks.contains(document.activeElement)) show(list);
      const moving = list.source === "pending" || list.tracks.some((track) => track.state === "waiting");
      if (moving && dialog.open) later = window.setTimeout(() => void refresh(), LOOK_AGAIN_MS);
    },
  );
  const refresh = async (): Promise<void> => {
    clearTimeout(later);
    try {
      await read();
    } catch (error) {
      said.textContent = error instanceof Problem ? error.message : String(error);
    }
  };
  const show = (list: TrackList): void => {
    tracks.replaceChildren(...list.tracks.map((track) => row(track)));
    const pending = list.source === "pending" ? ["The file is searched for captions of its own."] : [];
    const empty = !list.tracks.length && list.source !== "pending" ? ["There are no captions yet."] : [];
    notes.replaceChildren(...[...empty, ...pending, ...list.notes].map((note) => element("li", {}, note)));
  };

  const row = (track: Track): HTMLElement => {
    const chooser = element("input", {
      type: "file",
      accept: ACCEPT,
      class: "visually-hidden",
      tabindex: -1,
    });
    chooser.addEventListener("change", () => {
      const file = chooser.files?.[0];
      if (file) void attempt(() => captions.replace(asset.id, track, file));
    });
    const isDefault = element("input", {
      type: "checkbox",
      checked: track.default,
      disabled: track.kind === "forced" || track.kind === "descriptions",
    });
    isDefault.addEventListener("change", () => {
      isDefault.blur();
      void attempt(() => captions.change(asset.id, track, { default: isDefault.checked }));
    });
    const kind = kindPicker(track.kind);
    kind.addEventListener("change", () => {
      kind.blur();
      void attempt(() => captions.change(asset.id, track, { kind: kind.value as Kind }));
    });
    const language = languageField(track.language);
    language.addEventListener("change", () => {
      language.blur();
      void attempt(() => captions.change(asset.id, track, { language: language.value }));
    });
    const press = (name: string, act: () => void, more = {}) =>
      element(
        "button",
        { type: "button", onclick: act, "aria-label": `${name} ${track.name}`, ...more },
        name,
      );
    return element(
      "li",
      { "data-track": track.id, "data-state": track.state },
      element(
        "div",
        {},
        element("strong", {}, track.name),
        element(
          "span",
          { class: "quiet" },
          ` ${languageName(track.language)} · ${track.cue_count} cues · `,
          track.origin === "source" ? "from the source" : (track.filename ?? `by ${track.edited_by}`),
          track.state === "waiting" ? " · waits for the video" : "",
        ),
        ...track.warnings.slice(0, 5).map((warning) => element("p", { class: "warning" }, warning)),
      ),
      element("label", {}, "Language ", language),
      element("label", {}, "Kind ", kind),
      element("label", {}, isDefault, " Shown unasked"),
      element(
        "div",
        { class: "actions" },
        press(
          "Edit",
          () =>
            void openCueEditor(asset, track.id, () => void refresh()).catch((error) =>
              attempt(() => Promise.reject(error)),
            ),
          { class: "primary" },
        ),
        press("Replace", () => chooser.click()),
        chooser,
        ...(["vtt", "srt"] as const).map((format) =>
          element(
            "a",
            { class: "button", href: captions.file(asset.id, track, format), download: true },
            format.toUpperCase(),
          ),
        ),
        press(
          "Delete",
          () => {
            if (window.confirm(`Delete the captions “${track.name}”?`))
              void attempt(() => captions.remove(asset.id, track));
          },
          { class: "danger" },
        ),
      ),
    );
  };

  dialog.addEventListener("close", () => {
    clearTimeout(later);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  await refresh();
}

function kindPicker(chosen: Kind): HTMLSelectElement {
  return element(
    "select",
    {},
    ...KINDS.map(([kind, name]) => element("option", { value: kind, selected: kind === chosen }, name)),
  );
}

/** A field that offers the common languages and takes any tag. */
function languageField(value: string): HTMLInputElement {
  if (!document.getElementById("languages"))
    document.body.append(
      element(
        "datalist",
        { id: "languages" },
        ...commonLanguages().map(([tag, name]) => element("option", { value: tag }, name)),
      ),
    );
  return element("input", { list: "languages", value, size: 8, required: true, autocapitalize: "none" });
}

function uploadForm(send: (file: File | Blob, query: Record<string, string>) => Promise<void>): HTMLElement {
  const file = element("input", { type: "file", accept: ACCEPT, id: "caption-file" });
  const language = languageField(document.documentElement.lang || "en");
  const kind = kindPicker("subtitles");
  const take = (chosen: File | undefined): void => {
    if (chosen) language.value = languageOf(chosen.name) ?? language.value;
  };
  const upload = (chosen: File | Blob | undefined, filename: string): void => {
    if (!chosen || !language.reportValidity()) return;
    void send(chosen, { language: language.value, kind: kind.value, filename }).then(() => {
      file.value = "";
    });
  };
  const form = element(
    "form",
    { class: "drop" },
    element("strong", {}, "Add captions"),
    element(
      "p",
      { class: "quiet" },
      "Drop a file here: SRT, WebVTT, TTML, SCC, STL or ASS. Or begin with an empty track.",
    ),
    element("label", {}, "File ", file),
    element("label", {}, " Language ", language),
    element("label", {}, " Kind ", kind),
    element("button", { type: "submit", class: "primary" }, "Upload"),
    element("button", { type: "button", onclick: () => upload(emptyTrack(), "") }, "Write by hand"),
  );
  file.addEventListener("change", () => take(file.files?.[0]));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    upload(file.files?.[0], file.files?.[0]?.name ?? "");
  });
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    const dropped = event.dataTransfer?.files[0];
    take(dropped);
    upload(dropped, dropped?.name ?? "");
  });
  return form;
}

/** What the API takes for a track without cues. */
function emptyTrack(): Blob {
  return new Blob([JSON.stringify({ cues: [] })], { type: "application/json" });
}
