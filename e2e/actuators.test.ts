/** Side effects outside all nodes, on the real program: proposed by a model, gated, carried out by an actuator, counted by a witness. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test, type TestContext } from "node:test";
import { approvalOf, history, say, send, settled, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { openWitnessServer, type WitnessServer } from "@openclaw/testkit/witness-server";

interface Stand { readonly witness: WitnessServer; readonly gateway: RealGateway }

async function open(t: TestContext, actuators: (witness: WitnessServer) => object): Promise<Stand> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const witness = await openWitnessServer();
  t.after(() => witness[Symbol.asyncDispose]());
  const gateway = await openRealGateway({
    bare: true, env: { HOOK_KEY: "a-key-nobody-knows" },
    config: { ...scriptedConfig(model.url), credentials: { hook: { env: "HOOK_KEY" } }, actuators: actuators(witness) },
  });
  t.after(() => gateway.dispose());
  return { witness, gateway };
}

test("a model proposes, a person allows, the actuator acts: a webhook is signed, an HTTP request carries the host's credential "
  + "and neither stands in any log (S2.38, S2.39, S2.40)", async (t) => {
  const { witness, gateway } = await open(t, ({ url, host }) => ({
    ci: { use: "webhook", url: `${url}/ci`, allowPrivate: true, secret: { credential: "hook" } },
    web: { use: "http-request", unasked: true, hosts: { [host]: { allowPrivate: true, authorization: { credential: "hook" } } } },
  }));
  witness.answer("/data", { body: "forty-two" });
  const watched = await gateway.connect();
  await send(watched, `go ${callMark("webhook", { body: { build: 7 } })}`, { key: "hook-1" });
  const id = await approvalOf(watched);
  assert.equal(witness.seen.length, 0);
  await watched.client.request("exec.approval.resolve", { id, decision: "allow-once" });
  const turn = await settled(watched, "hook-1");
  assert.deepEqual(toolResults(turn), ["Answered 200."]);
  const [hook] = witness.at("/ci");
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(hook?.headers["x-openclaw-signature"])) ?? [];
  assert.equal(signature, createHmac("sha256", "a-key-nobody-knows").update(`${seconds}.${hook?.body}`).digest("hex"));
  assert.deepEqual([hook?.body, typeof hook?.headers["idempotency-key"]], ['{"build":7}', "string"]);

  const read = await say(watched, `go ${callMark("http_request", { url: `${witness.url}/data` })}`);
  assert.match(toolResults(read)[0] ?? "", /^HTTP 200\n\nforty-two$/);
  assert.equal(witness.at("/data")[0]?.headers["authorization"], "Bearer a-key-nobody-knows");
  const elsewhere = await say(watched, `go ${callMark("http_request", { url: "http://127.0.0.2:1/" })}`);
  assert.match(toolResults(elsewhere)[0] ?? "", /not among the allowed hosts/);
  assert.doesNotMatch(gateway.output() + JSON.stringify(await history(watched)), /a-key-nobody-knows/);
});

test("killed in the middle: what may be repeated is, under the same key; what may not is unknown and done once "
  + "(S2.38, S0.16)", async (t) => {
  const { witness, gateway } = await open(t, ({ url, host }) => ({
    put: { use: "http-request", unasked: true, hosts: { [host]: { allowPrivate: true } } },
    fire: { use: "webhook", unasked: true, url: `${url}/fire`, allowPrivate: true },
  }));
  witness.answer("/put", (_, times) => (times === 1 ? "stall" : { body: "stored" }));
  witness.answer("/fire", "stall");
  const first = await gateway.connect();
  await send(first, `go ${callMark("http_request", { url: `${witness.url}/put`, method: "PUT", body: "x" })}`, { key: "put-1" });
  await send(first, `go ${callMark("webhook", { body: { launch: true } })}`, { key: "fire-1", session: "agent:main:other" });
  await Promise.all([witness.until("/put", 1), witness.until("/fire", 1)]);
  await gateway.kill();
  await gateway.start();
  const second = await gateway.connect();
  assert.match(toolResults(await settled(second, "put-1"))[0] ?? "", /stored/);
  const keys = witness.at("/put").map(({ headers }) => headers["idempotency-key"]);
  assert.deepEqual([keys.length, new Set(keys).size], [2, 1]);
  assert.match(toolResults(await settled(second, "fire-1", { session: "agent:main:other" }))[0] ?? "", /^OUTCOME_UNKNOWN/);
  assert.equal(witness.at("/fire").length, 1);
});

test("what is handed over goes on beside the turn, outlives its gateway, and comes back as a message (S2.41, S1.20)", async (t) => {
  const { witness, gateway } = await open(t, ({ url }) => ({
    slow: { use: "webhook", unasked: true, url: `${url}/slow`, allowPrivate: true, idempotent: true },
  }));
  witness.answer("/slow", (_, times) => (times === 1 ? "stall" : {}));
  const first = await gateway.connect();
  const turn = await say(first, `go ${callMark("webhook", { body: { n: 1 }, async: true })}`);
  assert.match(toolResults(turn)[0] ?? "", /^Handed over as /);
  await witness.until("/slow", 1);
  await gateway.kill();
  await gateway.start();
  await witness.until("/slow", 2);
  assert.equal(new Set(witness.at("/slow").map(({ headers }) => headers["idempotency-key"])).size, 1);
  const second = await gateway.connect();
  for (;;) {
    const told = (await history(second)).filter((message) => message.role === "user" && textOf(message).startsWith("What was handed over"));
    if (told.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    assert.match(textOf(told[0]), /is done:\nAnswered 200\./);
    assert.equal(told[0]?.__openclaw.label, "outside");
    break;
  }
});
