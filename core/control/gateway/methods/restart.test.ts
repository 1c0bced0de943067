import assert from "node:assert/strict";
import { test } from "node:test";
import { checkSchema } from "../../../base/schema.ts";
import { VirtualClock } from "../../../../testkit/virtual-clock.ts";
import type { SessionRow } from "../../sessions.ts";
import { connectOk, startGateway } from "../test-gateway.ts";
import { methodSpec } from "@openclaw/protocol/methods";
import { restartMethods } from "./restart.ts";

function rows(...states: readonly ("running" | "idle")[]): readonly SessionRow[] {
  return states.map((status, at) => ({ key: `agent:main:${at}`, status })) as unknown as readonly SessionRow[];
}

test("what a restart would interrupt is counted, and the restart is asked for once it was said (S4.2, W.6.6)", async () => {
  const asked: string[] = [];
  const state: { active: readonly SessionRow[] } = { active: [] };
  await using running = await startGateway({
    methods: restartMethods({
      clock: new VirtualClock(), sessions: { active: () => [...state.active] }, waiting: () => 2, jobsRunning: async () => 0,
      restart: (delayMs, reason) => void asked.push(`${reason} ${delayMs}`),
    }),
  });
  const client = await connectOk(running.url, { scopes: ["operator.admin"] });
  const ask = async (method: string, params: unknown = {}): Promise<Record<string, unknown>> => {
    const { ok, payload, error } = await client.call(method, params);
    assert.equal(ok, true, JSON.stringify(error));
    const fits = checkSchema(methodSpec(method)?.result ?? {}, payload);
    assert.ok(fits.ok, fits.ok ? "" : fits.text);
    return payload ?? {};
  };
  const idle = await ask("gateway.restart.preflight");
  assert.deepEqual([idle["safe"], idle["blockers"], idle["summary"]], [true, [], "safe to restart now"]);
  state.active = rows("running", "idle");
  const busy = await ask("gateway.restart.preflight");
  assert.equal(busy["safe"], false);
  assert.equal((busy["counts"] as { totalActive: number }).totalActive, 2);
  assert.match(String(busy["summary"]), /1 waiting message, 1 running turn; they go on after it/);
  assert.deepEqual(asked, []);
  assert.equal((await ask("gateway.restart.request", { reason: "because", delayMs: 5 }))["status"], "scheduled");
  assert.deepEqual(asked, ["because 5"]);
  assert.deepEqual(await ask("update.status"), {
    sentinel: null, updateAvailable: null, effectiveChannel: "stable",
    schedule: { channel: "stable", autoEnabled: false, install: { kind: "package" } },
  });
  const reader = await connectOk(running.url, { scopes: ["operator.read"] });
  for (const method of ["gateway.restart.request", "update.status"]) {
    assert.equal((await reader.call(method, {})).error?.message, "missing scope: operator.admin", method);
  }
  assert.equal((await reader.call("gateway.restart.preflight", {})).ok, true);
});
