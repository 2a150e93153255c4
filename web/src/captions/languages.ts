/** Languages that editors choose from; any other tag (BCP 47) may be typed. */
const COMMON = [
  ..."ar bg bn ca cs da de el en es et fa fi fr gl he hi hr hu id it ja ko lt lv ms nl no pl".split(" "),
  ..."pt pt-BR ro ru sk sl sr sv sw ta th tr uk ur vi zh-Hans zh-Hant".split(" "),
];

const names = new Intl.DisplayNames(undefined, { type: "language", fallback: "code" });

/** A language as the editor's own one calls it. */
export function languageName(tag: string): string {
  try {
    return tag === "und" ? "Language not known" : (names.of(tag) ?? tag);
  } catch {
    return tag;
  }
}

/** Tags with names, by name. */
export function commonLanguages(): [string, string][] {
  return COMMON.map((tag): [string, string] => [tag, languageName(tag)]).sort((one, other) =>
    one[1].localeCompare(other[1]),
  );
}

/** "final.pt-BR.srt", "final_es.vtt" → the language; null where the name tells none. */
export function languageOf(filename: string): string | null {
  const match = /[._-]([a-z]{2})(?:-([A-Za-z]{2,4}))?\.[^.]+$/i.exec(filename);
  if (!match) return null;
  const [, primary, region] = match;
  const told = [`${primary}-${region}`, primary].map((tag) => tag?.toLowerCase());
  return told.map((tag) => COMMON.find((known) => known.toLowerCase() === tag)).find(Boolean) ?? null;
}
