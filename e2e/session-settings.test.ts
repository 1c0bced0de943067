/** What a session is set to is in force at the provider and on the wire, and outlives the gateway. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { say, send, settled, streamed } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

const KEYS = { KEY_ONE: "first-credential", KEY_TWO: "second-credential", KEY_THREE: "third-credential" };
const PROFILES = { one: { apiKeyEnv: "KEY_ONE" }, two: { apiKeyEnv: "KEY_TWO" }, three: { apiKeyEnv: "KEY_THREE" } };

async function setUp(
  t: TestContext, provider: Readonly<Record<string, unknown>>, yesLocal = false,
): Promise<{ readonly model: ScriptedModel; readonly gateway: RealGateway }> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { provider, yesLocal }), env: KEYS, bare: !yesLocal });
  t.after(() => gateway.dispose());
  return { model, gateway };
}

test("a session keeps to one credential across restarts, sessions are spread, and one that fails is left for good (S4.10)", async (t) => {
  const { model, gateway } = await setUp(t, { profiles: PROFILES, attemptsMax: 1 });
  const used = (): string => String(model.requests.at(-1)?.headers["authorization"]);
  let watched = await gateway.connect();
  await say(watched, "one");
  const mine = used();
  assert.match(mine, /^Bearer (first|second|third)-credential$/);
  const others = new Set<string>();
  for (let at = 0; at < 12; at++) {
    await say(watched, "hi", { session: `agent:main:s${at}` });
    others.add(used());
  }
  assert.equal(others.size, 3, "every credential has its sessions");
  await say(watched, "two");
  assert.equal(used(), mine);
  await gateway.kill();
  await gateway.start();
  watched = await gateway.connect();
  await say(watched, "three");
  assert.equal(used(), mine);

  model.script({ status: 429 });
  assert.equal((await say(watched, "four")).reply, "echo: four", "the turn goes on with another one");
  const next = used();
  assert.notEqual(next, mine);
  await gateway.stop();
  await gateway.start();
  watched = await gateway.connect();
  await say(watched, "five");
  assert.equal(used(), next, "and the session stays with it");
  model.script({ status: 401 }, { status: 401 }, { status: 401 });
  assert.equal((await say(watched, "six")).status, "error");
  const tried = model.requests.slice(-3).map(({ headers }) => headers["authorization"]);
  assert.equal(new Set(tried).size, 3, "each was tried once");
  assert.equal((await say(watched, "seven")).reply, "echo: seven");
});

test("model and thinking reach the provider, the message's own wish first; what cannot be is refused (S4.9)", async (t) => {
  const models = [{ id: "test", thinkingLevels: ["low", "high"] }, { id: "other" }];
  const { model, gateway } = await setUp(t, { models });
  const watched = await gateway.connect();
  const asked = (): readonly unknown[] => [model.requests.at(-1)?.body.model, model.requests.at(-1)?.body["reasoning_effort"]];
  await say(watched, "one");
  assert.deepEqual(asked(), ["test", undefined]);
  const set = await gateway.cli(["sessions", "set", "main", "thinking=xhigh", "label=Deep"]);
  assert.equal(set.code, 0, set.stderr);
  await say(watched, "two");
  assert.deepEqual(asked(), ["test", "high"], "the nearest the model knows");
  await watched.client.request("chat.send", { sessionKey: "main", message: "three", idempotencyKey: "three", thinking: "low" });
  await settled(watched, "three");
  assert.deepEqual(asked(), ["test", "low"]);
  await gateway.cli(["sessions", "set", "main", "model=scripted/other"]);
  await say(watched, "four");
  assert.deepEqual(asked(), ["other", undefined], "a model that was not said to think is not asked to");
  const { session } = await watched.client.request("sessions.describe", { key: "main" }) as { readonly session: Record<string, unknown> };
  assert.deepEqual([session["model"], session["thinkingLevel"], session["label"]], ["other", "xhigh", "Deep"]);
  for (const [wrong, code] of [["thinking=hard", 2], ["model=nobody/none", 78], ["colour=red", 2], ["model", 2]] as const) {
    const refused = await gateway.cli(["sessions", "set", "main", wrong]);
    assert.equal(refused.code, code, `${wrong}: ${refused.stderr}`);
  }
});

test("verbosity governs what is shown of tools, from the next event on (S4.9)", async (t) => {
  const { gateway } = await setUp(t, {}, true);
  const watched = await gateway.connect();
  const phases = async (key: string): Promise<readonly unknown[]> => {
    await say(watched, `go ${callMark("exec", { command: "echo seen > file; echo shown" })}`, { key });
    return streamed(watched, "tool", key).map(({ phase, result }) => [phase, result !== undefined]);
  };
  assert.deepEqual((await phases("full")).map((one) => (one as unknown[])[0]), ["start", "update", "result"]);
  await gateway.cli(["sessions", "set", "main", "verbose=on"]);
  assert.deepEqual(await phases("on"), [["start", false], ["result", false]]);
  await gateway.cli(["sessions", "set", "main", "verbose=off"]);
  assert.deepEqual(await phases("off"), []);
});

test("the numbers of a run's events rise over any number of restarts (S4.9, S1.10)", async (t) => {
  const { gateway } = await setUp(t, {});
  const seqs: number[] = [];
  for (let life = 0; life < 4; life++) {
    const watched = await gateway.connect();
    if (life === 0) await send(watched, "count [[tokens 10000 20]]", { key: "long" });
    else await watched.client.request("chat.history", { sessionKey: "main" });
    await watched.until(({ event, payload }) => event === "agent" && JSON.stringify(payload).includes("word2"));
    seqs.push(...watched.events.flatMap(({ event, payload }) => (event === "agent" ? [(payload as { readonly seq: number }).seq] : [])));
    if (life < 3) {
      await gateway.kill();
      await gateway.start();
    }
  }
  for (const [at, seq] of seqs.entries()) assert.ok(at === 0 || seq > (seqs[at - 1] ?? 0), `${seqs[at - 1]} then ${seq}`);
});
