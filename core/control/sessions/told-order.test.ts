/** In which order whoever watches a session hears of one turn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { openMemoryEngine } from "../../fabric/engine.ts";
import type { LiveEvent } from "../../cognition/runtime.ts";
import { makeKeyDir, openWorld } from "./world.testing.ts";

function nameOf({ stream, data }: LiveEvent): string {
  const { role } = (data["message"] ?? {}) as { readonly role?: string };
  return stream === "message" ? `message ${String(role)}` : [stream, data["phase"]].filter((word) => word !== undefined).join(" ");
}

test("a turn is told in order: statuses, the message it answers, its start, its model, its tools, its text, its end "
  + "(W.7.13, W.7.15, W.7.16, W.7.25, W.7.26)", async (t) => {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const keys = await makeKeyDir();
  const world = await openWorld({ engine, clock, keyDir: keys.dir });
  t.after(async () => {
    await world.close();
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  await world.send("agent:main:main", "act bell");
  for (let step = 0; step < 20; step += 1) await clock.advance(1);
  const told = world.events.filter(({ stream }) => stream !== "usage").map(nameOf).filter((name, at, all) => name !== all[at - 1]);
  assert.deepEqual(told, [
    "run_status preparing_context", "run_status starting_model", "message user", "lifecycle start", "lifecycle model",
    "item start", "tool start", "message assistant", "tool update", "command_output delta", "command_output end", "tool result",
    "item end", "message toolResult", "assistant", "message assistant", "lifecycle finishing", "lifecycle model", "lifecycle end",
  ]);
  const numbers = world.events.filter(({ stream }) => stream !== "message").map(({ seq }) => seq);
  assert.deepEqual(numbers, numbers.map((_, at) => at + 1));
});
