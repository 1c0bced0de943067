/** What nodes are for: long work in the background, files there and back, results joined into one answer; and where things live. */
import assert from "node:assert/strict";
import { randomBytes, createHash } from "node:crypto";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { EXIT } from "@openclaw/protocol";
import { say, sayAllowing, streamed, textOf, toolResults } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { openRealNode } from "@openclaw/testkit/real-node";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

interface Setting {
  readonly model: ScriptedModel;
  readonly gateway: RealGateway;
  readonly operator: Watched;
}

interface Piece {
  readonly content: readonly [{ readonly text: string }];
  readonly details: { readonly stream: string; readonly offset: number };
}

const LATER = "for i in 2 3 4 5 6; do echo step-$i; done";

async function open(t: TestContext): Promise<Setting> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  return { model, gateway, operator: await gateway.connect() };
}

test("a job runs in the background while the agent does other work, shows its progress, outlives the gateway and tells how it ended "
  + "(S0.16, S0.17, S0.40)", async (t) => {
  const { gateway, operator } = await open(t);
  const command = `echo step-1; until [ -e go-on ]; do sleep 0.05; done; ${LATER}; exit 3`;
  const started = await say(operator, `start ${callMark("exec", { command, background: true })}`);
  const jobId = /as job (\S+)\./.exec(toolResults(started)[0] ?? "")?.[1] ?? "";
  assert.notEqual(jobId, "");
  const meanwhile = await say(operator, `meanwhile ${callMark("exec", { argv: ["echo", "other work"] })}`);
  assert.deepEqual(toolResults(meanwhile), ["other work"]);
  for (let early = ""; !/step-1/.test(early); ) {
    early = toolResults(await say(operator, `how far ${callMark("job", { action: "poll", jobId })}`))[0] ?? "";
    assert.match(early, /running/);
  }
  await gateway.kill();
  await gateway.start();
  const again = await gateway.connect();
  await writeFile(join(gateway.stateDir, "workspace", "go-on"), "");
  const ended = toolResults(await say(again, `wait ${callMark("job", { action: "wait", jobId })}`))[0] ?? "";
  assert.match(ended, /3/, "its exit code");
  const whole = toolResults(await say(again, `all of it ${callMark("job", { action: "poll", jobId })}`))[0] ?? "";
  for (const step of [1, 2, 3, 4, 5, 6]) assert.match(whole, new RegExp(`step-${step}`));
  const endless = await sayAllowing(again, `again ${callMark("exec", { command: "sleep 60.917", background: true })}`);
  const other = /as job (\S+)\./.exec(toolResults(endless)[0] ?? "")?.[1] ?? "";
  await sayAllowing(again, `stop ${callMark("job", { action: "kill", jobId: other })}`);
  assert.doesNotMatch(
    toolResults(await say(again, `look ${callMark("exec", { argv: ["ps", "-A", "-o", "args"] })}`))[0] ?? "", /sleep 60.917/,
  );
});

test("exit code, both streams and files of any kind come back as they are, the files by the digest of their content "
  + "(S0.15, S0.17, S0.41)", async (t) => {
  const { gateway, operator } = await open(t);
  const node = await openRealNode(gateway, { name: "far" });
  t.after(() => node.dispose());
  const failed = await sayAllowing(
    operator, `go ${callMark("exec", { node: "far", command: "echo to stdout; echo to stderr >&2; exit 7" })}`,
  );
  assert.equal(toolResults(failed)[0], "to stdout\n[stderr]\nto stderr\n[exit code 7]");
  const pieces = streamed(operator, "tool", failed.runId).flatMap(
    ({ phase, partialResult }) => (phase === "update" ? [partialResult as Piece] : []),
  );
  assert.deepEqual(new Set(pieces.map(({ details }) => details.stream)), new Set(["stdout", "stderr"]));
  let shown = 0;
  for (const { content, details } of pieces) {
    assert.equal(details.offset, shown, "each piece begins where the one before ended");
    shown += Buffer.byteLength(content[0].text);
  }
  const picture = randomBytes(700_000);
  await writeFile(join(node.workspace, "picture.png"), picture);
  const digest = createHash("sha256").update(picture).digest("hex");
  const collected = await gateway.cli(
    ["nodes", "invoke", "--node", "far", "--command", "artifact.collect", "--params", '{"path":"picture.png"}', "--json"],
  );
  assert.equal(collected.code, EXIT.ok, collected.stdout);
  const { payload } = JSON.parse(collected.stdout) as { readonly payload: object };
  assert.deepEqual(payload, { digest, bytes: picture.length, name: "picture.png" });
  const request = { nodeId: node.nodeId, command: "artifact.deliver", params: { digest, path: "copy.png" }, timeoutMs: 10_000 };
  const asked = await operator.client.request("node.invoke", { ...request, idempotencyKey: "deliver-1" }).catch(
    (error: { detail: { approvalId: string } }) => error.detail.approvalId,
  );
  await operator.client.request("exec.approval.resolve", { id: asked, decision: "allow-once" });
  await operator.client.request("node.invoke", { ...request, idempotencyKey: "deliver-2" });
  assert.ok(picture.equals(await readFile(join(node.workspace, "copy.png"))));
});

test("one question, work on two nodes, one answer: the results of all calls are read together (S0.12, S0.18, S3.1, S3.5)", async (t) => {
  const { model, gateway, operator } = await open(t);
  const [one, two] = [
    await openRealNode(gateway, { name: "one", tags: ["gpu"] }), await openRealNode(gateway, { name: "two", tags: ["disk"] }),
  ];
  t.after(() => Promise.all([one.dispose(), two.dispose()]));
  model.script(
    {
      calls: [
        { name: "exec", arguments: { tag: "gpu", argv: ["echo", "from gpu"] } },
        { name: "exec", arguments: { tag: "disk", argv: ["echo", "from disk"] } },
      ],
    },
  );
  const turn = await say(operator, "ask both");
  assert.deepEqual(toolResults(turn), ["from gpu", "from disk"]);
  assert.deepEqual(turn.messages.flatMap(({ role, nodeId }) => (role === "toolResult" ? [nodeId] : [])), [one.nodeId, two.nodeId]);
  const seen = model.requests.at(-1)?.body.messages ?? [];
  assert.deepEqual(
    seen.slice(-2).map(({ role, content }) => [role, content]), [["tool", "from gpu"], ["tool", "from disk"]],
    "the model reads both in its next step",
  );
  assert.equal(turn.messages.filter(({ role }) => role === "assistant").length, 2);
});

test("the agent's context is what its session holds, and nothing of another one; a reset begins anew "
  + "(S0.2, S0.3, S3.3, S4.7)", async (t) => {
  const { model, operator } = await open(t);
  await say(operator, "my name is Ada", { session: "agent:main:one" });
  await say(operator, "my name is Grace", { session: "agent:main:two" });
  await say(operator, "what is my name?", { session: "agent:main:one" });
  const asked = JSON.stringify(model.requests.at(-1)?.body.messages);
  assert.match(asked, /my name is Ada/);
  assert.doesNotMatch(asked, /Grace/);
  await operator.client.request("sessions.reset", { key: "agent:main:one" });
  await say(operator, "and now?", { session: "agent:main:one" });
  assert.doesNotMatch(JSON.stringify(model.requests.at(-1)?.body.messages), /Ada/);
  const long = "a long line that the model has read before. ".repeat(1_500);
  for (let sent = 0; sent < 8; sent += 1) assert.equal(
    (await say(operator, `${sent} ${long}`, { session: "agent:main:long" })).status, "ok",
  );
  assert.ok(
    JSON.stringify(model.requests.at(-1)?.body.messages).length < 600_000, "what the model is sent is bounded, however long the session",
  );
});

test("files of the agent live in its workspace: the usual one, or the one the configuration names (S4.12, S0.41)", async (t) => {
  const { gateway, operator } = await open(t);
  assert.match(
    toolResults(
      await sayAllowing(operator, `w ${callMark("write_file", { path: "today.txt", content: "written by the agent" })}`),
    )[0] ?? "",
    /bytes/,
  );
  assert.equal(await readFile(join(gateway.stateDir, "workspace", "today.txt"), "utf8"), "written by the agent");
  assert.match(textOf((await say(operator, `r ${callMark("read_file", { path: "today.txt" })}`)).messages[2]), /written by the agent/);
  await access(join(gateway.home, ".openclaw", "workspace"));
  const { agents } = (await operator.client.request("agents.list", {})) as {
    readonly agents: readonly { readonly id: string; readonly workspace: string }[],
  };
  assert.deepEqual(agents.map(({ id, workspace }) => [id, workspace]), [["main", join(gateway.stateDir, "workspace")]]);
});
