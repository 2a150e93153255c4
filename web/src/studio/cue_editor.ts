/** The cue editor: a player, the cues beside it, and keys for all that is done with them. */
import { type Asset, Problem } from "../api";
import { captions, type Track } from "../captions/api";
import {
  add,
  change,
  type Cue,
  type Cues,
  fault,
  merge,
  placeAt,
  remove,
  shift,
  split,
  toVtt,
} from "../captions/cues";
import type { Edited } from "../captions/cues";
import { History } from "../captions/history";
import { element } from "../element";
import { createCueTable } from "./cue_table";
import { createStage } from "./cue_stage";

const STEP_S = 1;

/** Open a track. Throws Problem if it cannot be read. `closed` is called when the editor is left. */
export async function openCueEditor(asset: Asset, trackId: string, closed: () => void): Promise<void> {
  const found = await captions.get(asset.id, trackId);
  let track: Track = found;
  let saved: Cues = found.cues;
  let history = new History<Edited>({ cues: saved, at: saved.length ? 0 : -1 });
  const stage = await createStage(asset, () => history.value.cues);
  const said = element("p", { class: "said", role: "status" });
  const conflict = element("p", { class: "notice bad", role: "alert", hidden: true });

  const isDirty = (): boolean => history.value.cues !== saved;
  const render = (): void => {
    const { cues, at } = history.value;
    table.show(cues, at);
    told();
  };
  const told = (): void => {
    const wrong = history.value.cues.filter((cue) => fault(cue) !== null).length;
    save.disabled = !isDirty() || wrong > 0;
    undo.disabled = !history.canUndo;
    redo.disabled = !history.canRedo;
    stage.draw();
    said.textContent = wrong ? `${wrong} cannot be saved as they are.` : isDirty() ? "Not saved yet." : "";
  };
  /** Do something with the chosen cue, and go on with what it says. */
  const edit = (work: (cues: Cues, at: number) => Edited): void => {
    const { cues, at } = history.value;
    history.set(work(cues, at));
    render();
    table.focus(history.value.at);
  };
  const withChosen = (work: (cues: Cues, at: number) => Edited) => (): void => {
    if (history.value.at >= 0) edit(work);
  };
  const table = createCueTable({
    changed: (at, values, kind) => {
      const edited = change(history.value.cues, at, values);
      history.set(edited, kind);
      if (kind === null) render();
      else {
        table.touch(edited.cues, at);
        told();
      }
    },
    chosen: (at) => {
      if (at === history.value.at) return;
      history.value.at = at;
      table.touch(history.value.cues, at);
    },
    goTo: (at) => {
      history.value.at = at;
      table.touch(history.value.cues, at);
      stage.seek((history.value.cues[at] as Cue).start);
    },
  });

  const move = (by: number): void => {
    const at = Math.min(history.value.cues.length - 1, Math.max(0, history.value.at + by));
    if (at >= 0) table.focus(at);
  };
  const shiftAll = (): void => {
    const typed = window.prompt(
      "Move all cues by how many milliseconds? A minus makes them come sooner.",
      "0",
    );
    const by = Math.round(Number(typed));
    if (typed && Number.isFinite(by) && by) edit((cues, at) => ({ cues: shift(cues, by), at }));
  };
  const undone = (): void => {
    history.undo();
    render();
  };
  const redone = (): void => {
    history.redo();
    render();
  };
  const actions: Action[] = [
    { name: "Play", code: "KeyK", help: "play or pause", act: () => stage.toggle() },
    { name: "−1 s", code: "KeyJ", help: "back a second", act: () => stage.seek(stage.now() - STEP_S * 1000) },
    { name: "+1 s", code: "KeyL", help: "on a second", act: () => stage.seek(stage.now() + STEP_S * 1000) },
    {
      name: "In",
      code: "KeyI",
      help: "the cue begins at the player's time",
      act: withChosen((cues, at) => change(cues, at, { start: stage.now() })),
    },
    {
      name: "Out",
      code: "KeyO",
      help: "the cue ends at the player's time",
      act: withChosen((cues, at) => change(cues, at, { end: stage.now() })),
    },
    {
      name: "Add",
      code: "KeyN",
      help: "a new cue at the player's time",
      act: () => edit((cues) => add(cues, stage.now())),
    },
    {
      name: "Split",
      code: "KeyS",
      help: "two cues of one, at the caret",
      act: () => {
        const caret = table.caret(history.value.at);
        withChosen((cues, at) => split(cues, at, caret, stage.now()))();
      },
    },
    { name: "Merge", code: "KeyM", help: "one cue of this and the next", act: withChosen(merge) },
    { name: "Delete", code: "Backspace", help: "take the cue away", act: withChosen(remove) },
    {
      name: "Here",
      code: "KeyH",
      help: "the cue at the player's time",
      act: () => table.focus(placeAt(history.value.cues, stage.now())),
    },
    { name: "Shift all", code: "KeyA", help: "all cues later or sooner", act: shiftAll },
    { name: "Undo", code: "KeyZ", help: "undo", act: undone },
    { name: "Redo", code: "KeyY", help: "redo", act: redone },
  ];
  const button = (action: Action) =>
    element(
      "button",
      {
        type: "button",
        title: `${action.help} (Alt+${action.code.replace("Key", "")})`,
        "aria-keyshortcuts": `Alt+${action.code.replace("Key", "")}`,
        // The caret stays where it is, for a split.
        onmousedown: (event: Event) => event.preventDefault(),
        onclick: action.act,
      },
      action.name,
    );
  const buttons = actions.map(button);
  const [undo, redo] = buttons.slice(-2) as [HTMLButtonElement, HTMLButtonElement];
  const save = element("button", { type: "button", class: "primary", onclick: () => void store() }, "Save");
  const dialog: HTMLDialogElement = element(
    "dialog",
    { class: "preview editor", "aria-label": `Captions “${track.name}” of ${asset.title}` },
    element(
      "header",
      {},
      element("strong", {}, `${track.name} · ${asset.title}`),
      save,
      element("button", { type: "button", onclick: () => leave() }, "Close"),
    ),
    conflict,
    element(
      "div",
      { class: "desk" },
      element("div", { class: "watch" }, stage.root, said),
      element(
        "div",
        { class: "sheet" },
        element("div", { class: "tools", role: "toolbar", "aria-label": "Cues" }, ...buttons),
        table.root,
      ),
    ),
  );

  const store = async (): Promise<void> => {
    const sent = history.value.cues;
    save.disabled = true;
    said.textContent = "Saving…";
    try {
      track = await captions.save(asset.id, track, sent);
      conflict.hidden = true;
      saved = sent;
      told();
      if (!isDirty())
        said.textContent =
          track.state === "published"
            ? "Saved. Viewers get it with the next start."
            : "Saved. It waits for the video.";
    } catch (error) {
      told();
      said.textContent = "";
      show(error instanceof Problem ? error : new Problem(0, "failed", String(error)));
    }
  };
  /** What went wrong, and what to do where somebody else was first. */
  const show = (problem: Problem): void => {
    conflict.replaceChildren(problem.message, " ");
    if (problem.status === 412)
      conflict.append(
        element(
          "button",
          { type: "button", onclick: () => download(track, history.value.cues) },
          "Download mine",
        ),
        element("button", { type: "button", onclick: () => void theirs() }, "Load theirs"),
        element("button", { type: "button", onclick: () => void mine() }, "Overwrite with mine"),
      );
    conflict.hidden = false;
  };
  const theirs = async (): Promise<void> => {
    const now = await captions.get(asset.id, trackId);
    track = now;
    saved = now.cues;
    history = new History<Edited>({ cues: saved, at: saved.length ? 0 : -1 });
    conflict.hidden = true;
    render();
  };
  const mine = async (): Promise<void> => {
    track = await captions.get(asset.id, trackId);
    await store();
  };
  const leave = (): void => {
    if (!isDirty() || window.confirm("Leave without saving? What you changed is lost.")) dialog.close();
  };
  const guard = (event: BeforeUnloadEvent): void => {
    if (isDirty()) event.preventDefault();
  };

  dialog.addEventListener("keydown", (event) => {
    const mark = event.ctrlKey || event.metaKey;
    const action = actions.find((each) => each.code === event.code);
    if (mark && event.code === "KeyS") void (save.disabled || store());
    else if (mark && event.code === "KeyZ") (event.shiftKey ? redone : undone)();
    else if (event.altKey && (event.code === "ArrowDown" || event.code === "ArrowUp"))
      move(event.code === "ArrowDown" ? 1 : -1);
    else if (event.altKey && !mark && action) action.act();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  dialog.addEventListener("close", () => {
    window.removeEventListener("beforeunload", guard);
    stage.close();
    dialog.remove();
    closed();
  });
  window.addEventListener("beforeunload", guard);
  document.body.append(dialog);
  dialog.showModal();
  render();
}

interface Action {
  name: string;
  code: string;
  help: string;
  act: () => void;
}

function download(track: Track, cues: Cues): void {
  const url = URL.createObjectURL(new Blob([toVtt(cues)], { type: "text/vtt" }));
  element("a", { href: url, download: `${track.name}.vtt` }).click();
  URL.revokeObjectURL(url);
}
