/** Messages that come during a turn, in every mode, over the deaths of the gateway. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { history, settled, textOf } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const MODES = ["followup", "steer", "collect", "interrupt"] as const;

test("accepted in whatever mode, each message is answered exactly once and in order over kill -9 (S4.26, S1.10, S0.16)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const config = { ...scriptedConfig(model.url), session: { debounceMs: 50, collectWaitMs: 200 } };
  const gateway = await openRealGateway({ config, bare: true });
  t.after(() => gateway.dispose());
  const texts = Array.from({ length: 24 }, (_, at) => `message-${at} [[tokens 4 15]]`);
  let watched = await gateway.connect();
  for (const [at, message] of texts.entries()) {
    const queueMode = MODES[(at * 7 + (at >> 2)) % MODES.length];
    await watched.client.request("chat.send", { sessionKey: "main", message, idempotencyKey: `m${at}`, queueMode });
    if (at % 8 !== 7) continue;
    await gateway.kill();
    await gateway.start();
    watched = await gateway.connect();
  }
  for (const at of texts.keys()) {
    const { status, error } = await settled(watched, `m${at}`);
    const isCut = /Interrupted by a newer message/.test(error ?? "");
    assert.ok(status === "ok" || isCut, `m${at}: ${status} ${error}`);
  }
  const all = await history(watched);
  assert.deepEqual(all.filter(({ role }) => role === "user").map(textOf), texts);
  assert.equal(textOf(all.at(-1)), "word0 word1 word2 word3 ");
});
