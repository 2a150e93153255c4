import { expect, test } from "vitest";
import { commonLanguages, languageName, languageOf } from "./languages";

test.each([
  ["final.en.srt", "en"],
  ["Final_ES.vtt", "es"],
  ["final.pt-BR.srt", "pt-BR"],
  ["final.srt", null],
  ["100m-xx.srt", null],
])("%s", (name, tag) => expect(languageOf(name)).toBe(tag));

test("languages have names, also those that nobody knows", () => {
  expect(commonLanguages().length).toBeGreaterThan(40);
  expect(languageName("und")).toBe("Language not known");
  expect(languageName("not a tag")).toBe("not a tag");
});
