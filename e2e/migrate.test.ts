/** Moving in on the real program: killed in the middle, run again, then lived in; and moved out. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf, makeForeignState } from "../testkit/foreign-state.ts";
import { freePort, openRealGateway, PROGRAM_MAIN } from "../testkit/real-gateway.ts";

const MESSAGES = 1_200;

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const migrate = (args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> => run(["migrate", ...args], env);

async function run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM_MAIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, "close");
  return { signal: child.signalCode, code: child.exitCode, stdout, stderr };
}

test("in a home that holds the well-known program's state nothing of ours starts, writes or mends, and the way in is named (S4.7)",
  async (t) => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-theirs-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const { dir, close } = makeForeignState(home, { open: true }); // as while it runs: part of it is in the write-ahead log
  t.after(close);
  const before = digestOf(dir);
  const port = ["--port", String(await freePort())];
  for (const args of [
    ["gateway", "run", ...port], ["gateway", "start", ...port], ["doctor", "--mend"],
    ["config", "set", "agents.defaults.model", "demo/demo"], ["migrate", "from-openclaw"],
  ]) {
    const { code, stdout, stderr } = await run(args, { HOME: home, OPENCLAW_GATEWAY_PORT: port[1] ?? "" });
    assert.ok(code !== null && code !== 0, `${args.join(" ")}: ${code} ${stdout}`);
    assert.match(stdout + stderr, /migrate from-openclaw --profile mine/, args.join(" "));
    assert.deepEqual(digestOf(dir), before, args.join(" "));
  }
});

test("a move that is killed again and again goes on, and the gateway lives on with it: list, history, runs, search, replay (S4.7, S4.12)",
  async (t) => {
  const theirs = await mkdtemp(join(tmpdir(), "openclaw-theirs-"));
  t.after(() => rm(theirs, { recursive: true, force: true }));
  makeForeignState(theirs, { legacyMessages: MESSAGES }).close();
  const from = join(theirs, ".openclaw");
  const deaths: string[] = [];
  const gateway = await openRealGateway({
    bare: true,
    prepare: async (stateDir) => {
      const env = { HOME: theirs, OPENCLAW_STATE_DIR: stateDir };
      for (const at of ["events.appended:2", "events.appended:6", "writer.committing:9", "writer.committed:12", "snapshot.saved"]) {
        const { signal } = await migrate(["from-openclaw", "--from", from], { ...env, OPENCLAW_CRASH_AT: at });
        if (signal === "SIGKILL") deaths.push(at);
      }
      const { code, stdout } = await migrate(["from-openclaw", "--from", from, "--json"], env);
      assert.equal(code, 0, stdout);
    },
  });
  t.after(() => gateway.dispose());
  assert.ok(deaths.length >= 3, `it died at ${deaths.join(", ")}`);
  const { client } = await gateway.connect({ token: "fixture-token-of-the-old-gateway" });
  const call = async <T>(method: string, params: object): Promise<T> => (await client.request(method, params)) as T;

  const keys = ["agent:main:main", "agent:main:telegram:group:42", "agent:main:whatsapp:direct:+4912", "agent:ops:main"];
  const listed = await until(async () => {
    const { sessions } = await call<{ sessions: { key: string; label?: string; updatedAt: number }[] }>("sessions.list",
      { limit: 50, archived: "all" });
    return keys.every((key) => sessions.some((row) => row.key === key)) ? sessions : undefined;
  });
  for (const key of keys) assert.ok(listed.some((row) => row.key === key), key);
  const main = listed.find(({ key }) => key === "agent:main:main");
  assert.equal(main?.label, "Home");
  assert.equal(new Date(main?.updatedAt ?? 0).getUTCFullYear(), 2026, "its time is the one it had there");

  const file = { sessionKey: "agent:main:whatsapp:direct:+4912", limit: 200, offset: 600 };
  const { messages } = await call<{ messages: { content: { text: string }[] }[] }>("chat.history", file);
  const last = MESSAGES - 600;
  assert.deepEqual(messages.map(({ content }) => content[0]?.text), Array.from({ length: 200 }, (_, at) => `old line ${last - 200 + at}`));
  const found = await call<{ results: { key: string; role: string; snippet: string }[] }>("sessions.search",
    { query: "second shelf", limit: 5 });
  assert.deepEqual(found.results.map(({ key, role }) => [key, role]), [["agent:main:main", "assistant"]]);

  const { entries } = await call<{ entries: { status: string; error?: string; durationMs: number }[] }>("cron.runs",
    { id: "11111111-aaaa-4aaa-8aaa-000000000001" });
  assert.deepEqual(entries.map(({ status, durationMs }) => [status, durationMs]), [["error", 4_000], ["ok", 2_000]], "the newest first");
  assert.ok(JSON.stringify(entries[0]).includes("no channel"));

  await call("sessions.patch", { key: "agent:main:main", model: "demo/demo" });
  await call("chat.send", { sessionKey: "agent:main:main", message: "hello again", idempotencyKey: "after-the-move" });
  await call("agent.wait", { runId: "after-the-move", timeoutMs: 20_000 });
  const after = await call<{ messages: { role: string; content: { text: string }[] }[] }>("chat.history",
    { sessionKey: "agent:main:main", limit: 20 });
  const said = after.messages.map(({ content }) => content[0]?.text);
  assert.equal(said[0], "where is the blue folder?");
  assert.equal(said.indexOf("hello again"), 6);
  assert.equal(after.messages[7]?.role, "assistant");
  const replay = await gateway.cli(["session", "replay", "agent:main:main", "--json"], { env: { OPENCLAW_GATEWAY_TOKEN: gateway.token } });
  assert.equal(replay.code, 0, replay.stdout + replay.stderr);
  client.close();

  await gateway.stop();
  const out = join(theirs, "out");
  const { code, stdout } = await migrate(["to-openclaw", "--to", out, "--json"], { HOME: theirs, OPENCLAW_STATE_DIR: gateway.stateDir });
  assert.equal(code, 0, stdout);
  assert.ok(existsSync(join(out, "workspace", "AGENTS.md")));
  const list = JSON.parse(await readFile(join(out, "agents", "main", "sessions", "sessions.json"), "utf8")) as Record<string,
    { sessionId: string }>;
  const lines = (await readFile(join(out, "agents", "main", "sessions", `${list["agent:main:main"]?.sessionId}.jsonl`),
    "utf8")).trim().split("\n");
  assert.ok(lines.some((line) => line.includes("hello again")));
  assert.ok(!(await readFile(join(out, "openclaw.json"), "utf8")).includes("sk-fixture"));
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("not in time");
}
