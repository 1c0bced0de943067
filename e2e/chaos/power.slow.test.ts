/** The short form of `npm run chaos -- --power`: what was promised outlives the power, wherever it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "@openclaw/testkit/skip";
import { runChaos } from "./run-chaos.ts";

test("rebuilt as of a sync, with what came after it dropped, torn or reordered, the state directory opens and holds all that "
  + "anybody was told (S0.16, S0.19, S1.10)", needs("strace", "power loss, from what strace saw"), async (t) => {
  const { power = {} } = await runChaos(t, "--only", "power");
  assert.equal(power["missing"], 0);
  assert.ok(Number(power["states"]) >= 60 && Number(power["factsChecked"]) > 500, JSON.stringify(power));
  assert.ok(Number(power["gateways"]) >= 2, "the whole gateway was started on some of them");
});
