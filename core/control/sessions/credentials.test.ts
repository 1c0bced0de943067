/** Which of a provider's credentials a session uses, and when it leaves one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelEvent, ModelRequest } from "@openclaw/sdk";
import { answered, step } from "./gated-model.testing.ts";
import { obedientModel, setUpWorld } from "./world.testing.ts";

test("sessions are spread evenly over credentials, keep theirs, and leave one that fails or is gone, for good (S4.10)", async (t) => {
  const { clock, open } = await setUpWorld(t);
  const used = new Map<string, string[]>();
  const failing = new Set<string>();
  const profiles = ["a", "b", "c"];
  const model = async function* (request: Omit<ModelRequest, "model">): AsyncGenerator<ModelEvent> {
    const { profile = "" } = request;
    const text = request.messages.at(-1)?.text ?? "";
    used.set(text, [...(used.get(text) ?? []), profile]);
    if (failing.has(profile)) return yield { type: "error", code: "MODEL_RATE_LIMITED", why: "Slow down." };
    yield* obedientModel(request);
  };
  let world = await open({ model, profiles: () => profiles });
  const say = async (session: number, text: string): Promise<readonly string[]> => {
    await world.send(`agent:main:s${session}`, text, text);
    await step(clock, 3);
    return used.get(text) ?? [];
  };
  const counts = new Map<string, number>();
  for (let at = 0; at < 90; at++) {
    const [profile = ""] = await say(at, `first-${at}`);
    counts.set(profile, (counts.get(profile) ?? 0) + 1);
  }
  for (const name of profiles) assert.ok((counts.get(name) ?? 0) > 15, `${name}: ${counts.get(name)} of 90`);
  const [mine = ""] = await say(0, "again");
  assert.deepEqual(used.get("first-0"), [mine]);
  world.crash();
  world = await open({ model, profiles: () => profiles });
  assert.deepEqual(await say(0, "after a crash"), [mine]);
  failing.add(mine);
  const [failed, next = ""] = await say(0, "limited");
  assert.equal(failed, mine);
  assert.notEqual(next, mine);
  failing.clear();
  assert.deepEqual(await say(0, "it works again"), [next], "what is warm stays");
  profiles.splice(profiles.indexOf(next), 1);
  const [third = ""] = await say(0, "taken away");
  assert.ok(third !== next && profiles.includes(third));
  for (const name of profiles) failing.add(name);
  assert.equal((await say(0, "all fail")).length, profiles.length, "each is tried once");
  assert.equal((await answered(world, "all fail"))?.code, "MODEL_RATE_LIMITED");
});
