/** What a paired node may lie about. It is heard about its own invocations only, once, and within bounds; the gateway stays as it is. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test, type TestContext } from "node:test";
import { send, settled, streamed, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { openScriptedNode, ranWell, type ScriptedNode } from "@openclaw/testkit/scripted-node";

const MIB = 1_048_576;

interface Setting {
  readonly gateway: RealGateway;
  readonly operator: Watched;
  readonly liar: ScriptedNode;
}

async function open(t: TestContext): Promise<Setting> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { reattachWaitMs: 200 }) });
  t.after(() => gateway.dispose());
  const liar = await openScriptedNode(gateway, { name: "liar" });
  t.after(() => liar.wire.close());
  return { gateway, operator: await gateway.connect(), liar };
}

/** A turn that asks the node of that name for something that only reads, so nobody is asked. */
function ask(operator: Watched, node: string, argv: readonly string[] = ["uptime"]): Promise<string> {
  return send(operator, `go ${callMark("exec", { node, argv })}`);
}

test("a second answer changes nothing: the first one counts, and the agent reads one result (S0.19, S0.18)", async (t) => {
  const { operator, liar } = await open(t);
  const runId = await ask(operator, "liar");
  const { id } = await liar.nextRequest();
  const first = liar.result(id, ranWell("the first answer"));
  const second = liar.result(id, ranWell("another answer"));
  assert.deepEqual([await first, await second], [{ ok: true }, { ok: true, ignored: true }]);
  const turn = await settled(operator, runId);
  assert.deepEqual(toolResults(turn), ["the first answer"]);
  assert.deepEqual(await liar.result(id, ranWell("much later")), { ok: true, ignored: true });
});

test("a node cannot answer for another node, nor in its name (S0.19, S0.43)", async (t) => {
  const { gateway, operator, liar } = await open(t);
  const honest = await openScriptedNode(gateway, { name: "honest" });
  t.after(() => honest.wire.close());
  const runId = await ask(operator, "honest");
  const { id } = await honest.nextRequest();
  assert.deepEqual(await liar.result(id, ranWell("a lie")), { ok: true, ignored: true });
  assert.deepEqual(
    await liar.wire.call("node.invoke.result", { id, nodeId: honest.nodeId, ...ranWell("a lie in its name") }), { ok: true, ignored: true },
  );
  assert.deepEqual(await liar.progress(id, 0, "lies"), { ok: true, ignored: true });
  await honest.result(id, ranWell("the truth"));
  const turn = await settled(operator, runId);
  assert.deepEqual(toolResults(turn), ["the truth"]);
  assert.equal(turn.messages.find(({ role }) => role === "toolResult")?.nodeId, honest.nodeId);
  const logs = JSON.stringify(await operator.client.request("logs.tail", {}));
  assert.match(logs, /node\.answer_foreign/, "and it stands in the log");
});

test("answers that do not fit what was asked are failures the agent reads, each with its code (S0.19, S0.20)", async (t) => {
  const { operator, liar } = await open(t);
  const answers: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
    [{ ok: true, payloadJSON: "{ not json" }, /^NODE_REPLY_INVALID: /],
    [{ ok: true, payloadJSON: JSON.stringify({ exitCode: "zero" }) }, /^NODE_REPLY_INVALID: /],
    [{ ok: true }, /^NODE_REPLY_INVALID: /],
    [{ ok: true, payloadJSON: "7" }, /^NODE_REPLY_INVALID: /],
    [{ ok: false, error: { code: "MADE_UP", message: "whatever I like" } }, /whatever I like/],
    [{ ok: false }, /^[A-Z_]+: /],
  ];
  for (const [answer, expected] of answers) {
    const runId = await ask(operator, "liar");
    const { id } = await liar.nextRequest();
    await liar.result(id, answer);
    const turn = await settled(operator, runId);
    assert.equal(turn.status, "ok", turn.error);
    assert.match(toolResults(turn)[0] ?? "", expected, JSON.stringify(answer));
  }
  const runId = await ask(operator, "liar");
  const { id } = await liar.nextRequest();
  await assert.rejects(liar.wire.call("node.invoke.result", { id, nodeId: liar.nodeId, ok: "yes" }), /invalid node.invoke.result params/);
  assert.match(toolResults(await settled(operator, runId))[0] ?? "", /^NODE_REPLY_INVALID: /, "nobody waits for what will never come");
});

test("a flood of output is cut and marked, and costs the gateway no memory to speak of (S0.7, S0.15, S0.19)", async (t) => {
  const { gateway, operator, liar } = await open(t);
  const runId = await ask(operator, "liar");
  const { id } = await liar.nextRequest();
  const chunk = "flood ".repeat(2_700); // 16 KiB
  for (let seq = 0; seq < 50; seq += 1) await liar.progress(id, seq, chunk);
  const before = await residentBytes(gateway.pid);
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(Array.from({ length: 200 }, (_, at) => liar.progress(id, 50 + round * 200 + at, chunk).catch(() => undefined)));
  }
  const grown = (await residentBytes(gateway.pid)) - before;
  assert.ok(grown < 48 * MIB, `64 MB of output grew the gateway by ${Math.round(grown / MIB)} MiB`);
  await liar.result(id, ranWell(`${"x".repeat(150_000)} end of a long result`));
  const turn = await settled(operator, runId);
  const shown = streamed(operator, "tool", runId).filter(({ phase }) => phase === "update").map((data) => JSON.stringify(data)).join("");
  assert.ok(shown.length < 600_000, `${shown.length} characters were shown live`);
  assert.match(shown, /output beyond \d+ bytes is not shown/);
  assert.match(toolResults(turn)[0] ?? "", /characters left out/);
  assert.match(toolResults(turn)[0] ?? "", /end of a long result$/);
  assert.equal((await operator.client.request("health", {}) as { ok: boolean }).ok, true);
});

test("a result that is too large, or a node that goes in mid-command without a journal, ends the command and not the turn "
  + "(S0.19, S0.20)", async (t) => {
  const { gateway, operator, liar } = await open(t);
  const large = await ask(operator, "liar");
  const first = await liar.nextRequest();
  await liar.result(first.id, ranWell("y".repeat(5_000_000))).catch(() => undefined);
  assert.match(toolResults(await settled(operator, large))[0] ?? "", /^NODE_REPLY_INVALID: /);
  const second = await openScriptedNode(gateway, { name: "fleeting" });
  const lost = await ask(operator, "fleeting");
  await second.nextRequest();
  second.wire.close();
  const turn = await settled(operator, lost);
  assert.equal(turn.status, "ok", turn.error);
  assert.match(toolResults(turn)[0] ?? "", /^NODE_LOST: /);
});

async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1_024;
}
