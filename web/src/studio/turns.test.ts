import { expect, test } from "vitest";
import { createTurns } from "./turns";

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
