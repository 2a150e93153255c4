import { expect, test } from "vitest";
import { createReader, createTurns } from "./turns";

test("a quick answer waits for a slow one before it", async () => {
  const inTurn = createTurns();
  const heard: string[] = [];
  const slow = inTurn(async () => {
    await new Promise((later) => setTimeout(later, 20));
    heard.push("slow");
  });
  const quick = inTurn(async () => void heard.push("quick"));
  await Promise.all([slow, quick]);
  expect(heard).toEqual(["slow", "quick"]);
});

test("what fails is told to who asked, and holds up nobody", async () => {
  const inTurn = createTurns();
  const refused = inTurn(() => Promise.reject(new Error("no")));
  const next = inTurn(async () => "yes");
  await expect(refused).rejects.toThrow("no");
  expect(await next).toBe("yes");
});

test("an answer that was overtaken is not shown", async () => {
  const answers: ((text: string) => void)[] = [];
  const shown: string[] = [];
  const { read, overtake } = createReader(
    () => new Promise<string>((answer) => answers.push(answer)),
    (text) => shown.push(text),
  );
  const both = [read(), read()];
  answers[1]?.("new");
  answers[0]?.("old");
  await Promise.all(both);
  expect(shown).toEqual(["new"]);

  const before = read();
  overtake();
  answers[2]?.("from before it was done");
  await before;
  expect(shown).toEqual(["new"]);
});
