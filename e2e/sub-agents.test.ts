/** Agents that set agents to work, while the gateway is killed: a parent is always woken, once, and nothing starts twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { history, send, settled, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Row { readonly key: string; readonly hasActiveRun: boolean; readonly spawnedBy?: string }

const spawning = (args: unknown) => ({ calls: [{ name: "sessions_spawn", arguments: args }] });

async function rows(watched: Watched, params: object): Promise<readonly Row[]> {
  return ((await watched.client.request("sessions.list", params)) as { readonly sessions: readonly Row[] }).sessions;
}

/** The answers of other sessions in the main transcript. */
async function answers(watched: Watched): Promise<readonly string[]> {
  return (await history(watched)).filter(({ role }) => role === "user").map(textOf).filter((text) => text.startsWith("[Answer of"));
}

async function answered(watched: Watched, count: number): Promise<readonly string[]> {
  for (;;) {
    const found = await answers(watched);
    if (found.length >= count && (await rows(watched, { activeOnly: true })).length === 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** What led to it is in the log by then: the model is not asked again for what it answered once. */
async function subAgentSpeaks(watched: Watched): Promise<void> {
  await watched.client.request("sessions.subscribe", {});
  const isSub = (key: string | undefined): boolean => key?.includes(":subagent:") === true;
  const keyOf = (payload: unknown): string | undefined => (payload as { readonly sessionKey?: string }).sessionKey;
  const key = (await rows(watched, {})).find((row) => isSub(row.key))?.key
    ?? keyOf((await watched.until(({ event, payload }) => event === "sessions.changed" && isSub(keyOf(payload)))).payload);
  await watched.client.request("sessions.messages.subscribe", { key });
  await watched.until(({ event, payload }) => event === "agent" && JSON.stringify(payload).includes(":subagent:")
    && (payload as { readonly stream: string }).stream === "assistant");
}

async function again(gateway: RealGateway): Promise<Watched> {
  await gateway.kill();
  await gateway.start();
  return await gateway.connect();
}

test("kill -9 while a sub-agent works, again and again: its parent is woken once with its answer "
  + "(C13, S0.16, S2.43, S3.8, S4.6)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  let watched = await gateway.connect();
  model.script(spawning({ task: "[[tokens 8 250]]", label: "Slow" }));
  await send(watched, "set somebody to work", { key: "go" });
  await subAgentSpeaks(watched);
  watched = await again(gateway);
  await settled(watched, "go");
  assert.equal((await rows(watched, { spawnedBy: "agent:main:main" })).length, 1);
  watched = await again(gateway);
  const told = await answered(watched, 1);
  assert.match(told[0] ?? "", /^\[Answer of "Slow" \(agent:main:subagent:[0-9a-f-]{36}\): ok\]\n\nword0 .*word7/);
  watched = await again(gateway);
  assert.equal((await answered(watched, 1)).length, 1, "a further start tells nothing again");
  assert.equal((await rows(watched, { excludeSubagents: true })).length, 1);
});

test("kill -9 while a turn waits for its sub-agent: the tool answers with its outcome (C13, S0.16, S4.6)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  let watched = await gateway.connect();
  model.script(spawning({ task: "[[tokens 8 250]]", wait: true }));
  await send(watched, "find out and tell me", { key: "wait" });
  await subAgentSpeaks(watched);
  watched = await again(gateway);
  const turn = await settled(watched, "wait");
  assert.equal(turn.status, "ok", turn.error);
  assert.match(toolResults(turn)[0] ?? "", /^agent:main:subagent:[0-9a-f-]{36}: ok\nword0 .*word7/);
  assert.equal((await answers(watched)).length, 0, "nothing is told twice");
});

test("a sub-agent that is deleted at work wakes its parent with an error", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const watched = await gateway.connect();
  model.script(spawning({ task: "[[fault silence]]" }));
  await settled(watched, await send(watched, "set somebody to work"));
  const [child] = await rows(watched, { spawnedBy: "agent:main:main" });
  assert.ok(child);
  await watched.client.request("sessions.delete", { key: child.key });
  assert.match((await answered(watched, 1))[0] ?? "", /: (aborted|error)/);
  assert.deepEqual(await rows(watched, { spawnedBy: "agent:main:main" }), []);
});

test("an outcome for a channel that is not connected is refused before the message is stored (S4.26)", async (t) => {
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const { client } = await gateway.connect();
  const wish = { sessionKey: "main", message: "hello", deliver: true, originatingChannel: "nowhere", originatingTo: "room-1" };
  await assert.rejects(client.request("chat.send", { ...wish, idempotencyKey: "d1" }), /There is no channel of that name/);
  const { runId } = (await client.request("chat.send", { ...wish, deliver: false, idempotencyKey: "d2" })) as { readonly runId: string };
  assert.equal(runId, "d2");
});
