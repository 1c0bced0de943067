/** A turn that takes its gateway down with it does so a few times, and not for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { history, say, send, settled } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

/** As often as `TURN_LIMITS.cuts` says. */
const CUTS = 20;

test("a turn the gateway dies with again and again is given up and says so, and all others are served (C3, S0.16, S0.40)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const asked = (): number => model.requests.filter(({ body }) => body.messages.some(({ content }) => content?.includes("poison"))).length;
  const first = await gateway.connect();
  // A word of the answer is shown once the turn's beginning is durable: no death is left out of the count.
  model.script({ text: ["Well "], silence: true });
  await send(first, "poison [[fault silence]]", { key: "poison" });
  await first.until(({ event, payload }) => event === "agent" && JSON.stringify(payload).includes("Well"));
  for (let time = 1; time <= CUTS; time++) {
    while (asked() < time) await new Promise((resolve) => setTimeout(resolve, 5));
    await gateway.kill();
    await gateway.start();
  }
  const watched = await gateway.connect();
  const turn = await settled(watched, "poison");
  assert.equal(turn.status, "error");
  assert.match(turn.error ?? "", /died 20 times in a row/);
  assert.equal(asked(), CUTS, "the model was not asked once more");
  await say(watched, "hello", { key: "after" });
  const texts = (await history(watched)).map(({ content }) => JSON.stringify(content)).join("\n");
  assert.match(texts, /died 20 times in a row/, "the conversation says so");
  assert.match(texts, /echo: hello/);
});
