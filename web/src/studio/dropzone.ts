/** Where files come in: dropped (folders too), chosen, or pasted. */
import { element } from "../element";

export function createDropZone(take: (files: File[]) => void, choice: HTMLElement): HTMLElement {
  const chooser = element("input", {
    type: "file",
    multiple: true,
    id: "files",
    class: "visually-hidden",
    accept: "video/*,audio/*,.mkv,.mxf,.ts,.mts,.m2ts,.mov",
  });
  const zone = element(
    "section",
    { class: "drop", "aria-label": "Upload" },
    element("strong", {}, "Drop highlights here"),
    element(
      "p",
      { class: "quiet" },
      "Any video or audio file, or a folder of them. They play while they are still being encoded.",
    ),
    element("label", { for: "files", class: "button primary" }, "Choose files"),
    chooser,
    choice,
  );
  chooser.addEventListener("change", () => {
    take([...(chooser.files ?? [])]);
    chooser.value = "";
  });
  zone.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const entries = [...(event.dataTransfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
    for (const entry of entries) if (entry) void walk(entry).then(take);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) take(files);
  });
  return zone;
}

/** Every file below an entry, hidden ones left out. */
async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.name.startsWith(".")) return [];
  if (entry.isFile) {
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: File[] = [];
  for (;;) {
    // A reader hands out a folder's entries a hundred at a time until it gives an empty list.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) return found;
    for (const child of some) found.push(...(await walk(child)));
  }
}
