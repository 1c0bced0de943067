/** Stopping a turn stops what it runs, wherever that runs, and says what had happened. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { history, isOutput, say, send, settled } from "@openclaw/testkit/conversation";
import { openRealGateway, PROGRAM_MAIN, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";

/** A command and what it left in the background, both leaving traces as long as they live. */
const BUSY = "(while :; do echo child >> witness; sleep 0.05; done) & echo up; while :; do echo parent >> witness; sleep 0.05; done";

async function setUp(t: TestContext): Promise<{ readonly model: ScriptedModel; readonly gateway: RealGateway }> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  return { model, gateway };
}

async function assertStill(gateway: RealGateway): Promise<void> {
  const size = async (): Promise<number> => (await readFile(join(gateway.stateDir, "workspace", "witness"))).length;
  const at = await size();
  await pause(300);
  assert.equal(await size(), at, "nothing of the command is left");
}

test("an abort ends the command with all it started, says so to people and to the model, and keeps what waits (S4.26, S3.2)", async (t) => {
  const { model, gateway } = await setUp(t);
  const watched = await gateway.connect();
  await say(watched, `first ${callMark("exec", { command: "echo done > file" })}`, { key: "before" });
  await send(watched, `go ${callMark("exec", { command: BUSY })}`, { key: "busy" });
  await watched.until(isOutput("up"));
  await send(watched, "waiting", { key: "next" });
  const stopped = await gateway.cli(["sessions", "abort", "main"]);
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /Stopped by \S+\. By then: "[^\n]*witness[^\n]*" was ended while it ran\./);
  await assertStill(gateway);
  const turn = await settled(watched, "busy");
  assert.equal(turn.status, "error");
  assert.match(turn.error ?? "", /was ended while it ran/);
  assert.equal((await settled(watched, "next")).reply, "echo: waiting");
  const shown = model.requests.at(-1)?.body.messages.map(({ content }) => content ?? "") ?? [];
  assert.ok(shown.some((text) => /\[Stopped by \S+\. By then: .* was ended while it ran\.\]/.test(text)), shown.join("\n"));
  assert.match((await gateway.cli(["sessions", "abort", "main"])).stdout, /Nothing ran\./);
});

test("a command that outlived its gateway is ended by an abort given to the next one (S4.26, S0.16)", async (t) => {
  const { gateway } = await setUp(t);
  const watched = await gateway.connect();
  await send(watched, `go ${callMark("exec", { command: BUSY })}`, { key: "busy" });
  await watched.until(isOutput("up"));
  await gateway.kill();
  await gateway.start();
  const again = await gateway.connect();
  const answer = await again.client.request("sessions.abort", { key: "main" }) as { readonly report?: string };
  assert.match(answer.report ?? "", /was ended while it ran/);
  await assertStill(gateway);
});

test("an abort ends the background program of its turn, and names one that is to go on (S4.26)", async (t) => {
  const { gateway } = await setUp(t);
  const watched = await gateway.connect();
  /** Words that nobody has to be asked about, so that the turn comes to its last command. */
  const abortWith = async (key: string, command: string, more: object): Promise<string> => {
    const job = callMark("exec", { command, background: true, ...more });
    await send(watched, `${job} then ${callMark("exec", { command: `echo ${key}; sleep 34` })}`, { key, session: `agent:main:${key}` });
    await watched.until(isOutput(key));
    const answer = await watched.client.request("sessions.abort", { key: `agent:main:${key}` }) as { readonly report?: string };
    return answer.report ?? "";
  };
  const report = await abortWith("one", "while :; do echo job >> witness; sleep 0.05; done", {});
  assert.match(report, /The background program "[^\n]*witness[^\n]*" was ended\./);
  await assertStill(gateway);
  const kept = await abortWith("two", "sleep 33", { detached: true });
  const [, end = "", params = ""] = /"sleep 33" goes on, as it was asked to; to end it: openclaw (.*) --params '(.*)'\./.exec(kept) ?? [];
  const ended = await gateway.cli([...end.split(" "), "--params", params]);
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stdout, /finished/);
});

test("an abort closes the model's call (S4.26)", async (t) => {
  const { model, gateway } = await setUp(t);
  const watched = await gateway.connect();
  await send(watched, "count [[tokens 1000 20]]", { key: "long" });
  await watched.until(({ event, payload }) => event === "chat" && JSON.stringify(payload).includes("word3"));
  await watched.client.request("chat.abort", { sessionKey: "main", runId: "long" });
  assert.equal(await model.requests[0]?.closed, "closed-by-client");
  await settled(watched, "long");
  assert.match((await history(watched)).at(-1)?.content[0]?.text ?? "", /^word0 word1 /);
});

test("Ctrl-C at the command line stops its own turn and says what it had done (S4.26, S4.25)", async (t) => {
  const { gateway } = await setUp(t);
  const watching = await gateway.connect();
  await history(watching);
  const args = [PROGRAM_MAIN, "agent", "--message", `go ${callMark("exec", { command: BUSY })}`];
  const env = { ...gateway.environment, OPENCLAW_GATEWAY_PORT: String(gateway.port) };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await watching.until(isOutput("up"));
  child.kill("SIGINT");
  const [code] = await once(child, "close") as [number];
  assert.equal(code, 130, said);
  assert.match(said, /Stopping\. Ctrl-C again leaves at once\.[^]*was ended while it ran\./);
  await assertStill(gateway);
});
