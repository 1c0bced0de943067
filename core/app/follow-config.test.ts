import assert from "node:assert/strict";
import { test } from "node:test";
import { guardConfig } from "./guard-config.ts";
import { planReload, type ReloadMode } from "./follow-config.ts";

const before = { gateway: { port: 1, auth: { mode: "token" } }, session: { turnsWaitingMax: 1 } };
const hot = { ...before, session: { turnsWaitingMax: 2 } };
const cold = { ...hot, gateway: { port: 2, auth: { mode: "token" } } };

function plan(mode: ReloadMode, after: typeof before, inForce = true): unknown {
  const { restart, waiting } = planReload(mode, { edited: true, inForce, before, after });
  return [restart, ...waiting];
}

test("an edit takes a restart as gateway.reload.mode says, and what waits is named (W.10.11)", () => {
  assert.deepEqual(plan("hybrid", hot), [false]);
  assert.deepEqual(plan("hybrid", cold), [true]);
  assert.deepEqual(plan("hot", hot), [false]);
  assert.deepEqual(plan("hot", cold), [false, "gateway.port"]);
  assert.deepEqual(plan("restart", hot), [true]);
  assert.deepEqual(plan("restart", before), [false]);
  assert.deepEqual(plan("off", cold, false), [false, "gateway.port", "session.turnsWaitingMax"]);
});

test("what is left of a damaged file is held to less than it says, unless what is missing is known to be harmless (S0.21, S4.31)", () => {
  const kept = { gateway: { bind: "lan", port: 5 }, tools: { profile: "full", exec: { mode: "full", yesLocal: true }, deny: ["x"] } };
  const tools = { profile: "minimal", exec: { mode: "deny" }, deny: ["x"] };
  assert.equal(guardConfig(kept, ["logging.level", "models.providers.x"]), kept);
  assert.deepEqual(guardConfig(kept, ["tools.allow"]), { gateway: { bind: "lan", port: 5 }, tools });
  for (const path of ["", "gateway", "gateway.auth.mode"]) {
    assert.deepEqual(guardConfig(kept, [path]), { gateway: { bind: "loopback", port: 5 }, tools }, path);
  }
  for (const path of ["bindings[0]", "agents", "approvals", "hooks.mappings"]) {
    assert.deepEqual(guardConfig(kept, [path])?.["tools"], tools, path);
  }
  assert.equal(guardConfig(kept, ["logging.level", "ledger.limits[0]"]), undefined);
});
