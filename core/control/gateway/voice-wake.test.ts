import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { connectOk, makeDevice, startGateway } from "./test-gateway.ts";
import { voiceMethods } from "./methods/voice.ts";
import { openVoiceWake, type VoiceWakeDeps } from "./voice-wake.ts";

const asIs = (_belongsTo: string, bytes: Uint8Array): Uint8Array => bytes;

test("a node hears the words that wake it when it comes, and again when they change; they outlive the gateway "
  + "(S4.2, S4.15, W.3.26)", async (t) => {
  await using engine = await openMemoryEngine({ clock: new VirtualClock() });
  const told: unknown[] = [];
  const deps: VoiceWakeDeps = {
    records: engine.records, seal: asIs, unseal: asIs, tenant: "home", tell: (event, payload) => void told.push([event, payload]),
  };
  const voice = await openVoiceWake(deps);
  const server = await startGateway({
    nodes: { attach: (link) => voice.greet(link, { receive: async () => ({}), closed: () => undefined }) },
    methods: voiceMethods({ voice, now: () => 5, tell: deps.tell }),
  });
  t.after(() => server[Symbol.asyncDispose]());
  const node = await connectOk(server.url, { role: "node", device: makeDevice() });
  const first = await node.event("voicewake.changed");
  assert.deepEqual([first.payload, first.seq], [{ triggers: ["openclaw", "claude", "computer"] }, undefined]);
  const routing = { version: 1, defaultTarget: { mode: "current" }, routes: [], updatedAtMs: 0 };
  assert.deepEqual((await node.event("voicewake.routing.changed")).payload, { config: routing });

  const operator = await connectOk(server.url);
  const changed = await operator.call("voicewake.set", { triggers: [" hey ", "hey", ""] });
  assert.deepEqual(changed.payload, { triggers: ["hey"] });
  const again = await node.until((frame) => frame.event === "voicewake.changed" && frame !== first);
  assert.deepEqual(again.payload, { triggers: ["hey"] });
  assert.deepEqual(told, [["voicewake.changed", { triggers: ["hey"] }]]);
  assert.deepEqual((await openVoiceWake(deps)).triggers, ["hey"], "kept on the disk");
  assert.deepEqual((await operator.call("voicewake.set", { triggers: [] })).payload, { triggers: ["openclaw", "claude", "computer"] });
  assert.deepEqual((await operator.call("voicewake.routing.get")).payload, { config: routing });
  assert.deepEqual((await operator.call("talk.mode", { enabled: true })).payload, { enabled: true, phase: null, ts: 5 });
});
