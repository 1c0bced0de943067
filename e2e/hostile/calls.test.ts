/**
 * Calls that reached further than they should have: the incidents of this class, tried on the real program.
 *
 * The invariants: nobody unauthenticated calls anything; there is one path to side effects and a person stands on it; no argument of a
 * tool chooses whose data it is; a path from outside stays where it belongs.
 */
import assert from "node:assert/strict";
import { request } from "node:http";
import { mkdir, writeFile, access } from "node:fs/promises";
import { join as pathOf } from "node:path";
import { test, type TestContext } from "node:test";
import { connectPlain, openPlainClient } from "@openclaw/testkit/plain-client";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

async function open(t: TestContext, more: Readonly<Record<string, unknown>> = {}, bare = true): Promise<RealGateway> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const config = scriptedConfig(model.url) as { readonly agents: object };
  const agents = { ...config.agents, ...(more["agents"] as object | undefined) };
  const gateway = await openRealGateway({ bare, config: { ...config, ...more, agents } });
  t.after(() => gateway.dispose());
  return gateway;
}

test("CVE-2026-25593, config calls without auth: a local program that says no hello, or a wrong one, changes nothing "
  + "(S4.2, S4.40, W.3.2)", async (t) => {
  const gateway = await open(t);
  const calls = ["config.get", "config.set", "config.patch", "config.apply", "exec.approvals.set", "cron.add", "node.invoke", "chat.send"];
  for (const method of calls) {
    const client = await openPlainClient(gateway.port);
    const answer = await client.ask(method, { raw: '{"tools":{"exec":{"yesLocal":true}}}', cliPath: "/bin/sh" });
    assert.deepEqual([answer.ok, answer.error?.code], [false, "INVALID_REQUEST"], method);
    assert.equal((await client.closed).code, 1008, method);
  }
  const owner = await connectPlain(gateway.port, { token: gateway.token });
  const shown = JSON.stringify(await owner.call("config.get"));
  assert.equal(/cliPath|"yesLocal":true/.test(shown), false);
  owner.close();
  for (const path of ["/config", "/api/config", "/rpc", "/tools/invoke", "/hooks/agent", "/v1/chat/completions"]) {
    const { status } = await post(gateway.port, path, { tool: "exec", args: { command: "id" } });
    assert.ok([401, 403, 404, 405].includes(status), `${path}: ${status}`);
  }
});

test("GHSA-943q-mwmv-hhvh, a surface that is too wide: no HTTP call without the token starts anything, and none that sends or spawns "
  + "is allowed with it (S4.40)", async (t) => {
  const gateway = await open(t);
  const tools = ["exec", "spawn", "shell", "fs_write", "sessions_spawn", "sessions_send", "cron", "gateway", "nodes"];
  for (const tool of tools) {
    assert.ok([401, 404].includes((await post(gateway.port, "/tools/invoke", { tool, args: {} })).status), tool);
    const { status } = await post(gateway.port, "/tools/invoke", { tool, args: {} }, { Authorization: `Bearer ${gateway.token}` });
    assert.ok(status >= 400, `${tool}: ${status}`);
  }
});

test("#78415, an approval that is shown and not awaited: nothing runs before the answer, and a denial runs nothing (S0.27)", async (t) => {
  const gateway = await open(t, {}, false);
  const watched = await gateway.connect();
  const mark = pathOf(gateway.home, "it-ran");
  const turn = say(watched, callMark("exec", { command: `touch ${mark}` }));
  const { payload } = await watched.until(({ event }) => event === "exec.approval.requested");
  for (const decision of ["allow", "yes", "", "ALLOW-ONCE", null, true]) {
    await assert.rejects(watched.client.request("exec.approval.resolve", { id: (payload as { readonly id: string }).id, decision }));
  }
  await watched.client.request("health");
  await assert.rejects(access(mark), "it waits");
  await watched.client.request("exec.approval.resolve", { id: (payload as { readonly id: string }).id, decision: "deny" });
  assert.equal((await turn).status, "ok");
  await assert.rejects(access(mark), "it was denied");
});

test("#4930, a path for media that leads elsewhere: what a reply names is not read, and no address of the gateway is a file's "
  + "(S4.40, S0.21)", async (t) => {
  const gateway = await open(t);
  const secret = pathOf(gateway.home, "private.txt");
  await mkdir(gateway.home, { recursive: true });
  await writeFile(secret, "the owner's own words");
  const watched = await gateway.connect();
  const turn = await say(watched, `MEDIA:${secret} MEDIA:file://${secret} MEDIA:../../private.txt ![x](file://${secret})`);
  assert.equal(JSON.stringify(turn.messages).includes("the owner's own words"), false);
  assert.equal(JSON.stringify(watched.events).includes("the owner's own words"), false);
  const paths = [
    "/../private.txt", "/..%2f..%2fprivate.txt", "/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", `/${secret}`, `/media?path=${secret}`,
    `/api/chat/media/${encodeURIComponent(secret)}`, "/....//....//etc/passwd", "/\\..\\..\\etc\\passwd",
    "/__openclaw__/cap/../../etc/passwd",
  ];
  for (const path of paths) {
    const { status, body } = await post(gateway.port, path, undefined, {}, "GET");
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    assert.equal(/^root|owner's own words/m.test(body), false, path);
  }
});

test("#4930, a path in a tool's argument: files outside the workspace are neither read nor written (S0.21, S4.12)", async (t) => {
  const gateway = await open(t, {}, false);
  const secret = pathOf(gateway.home, "private.txt");
  await writeFile(secret, "the owner's own words");
  const watched = await gateway.connect();
  for (const path of [secret, "../../../private.txt", "x/../../../../private.txt", `/proc/self/root${secret}`]) {
    const turn = await say(watched, callMark("read_file", { path }));
    assert.equal(JSON.stringify(turn.messages.filter(({ role }) => role === "toolResult")).includes("owner's own words"), false, path);
  }
});

test("mem0#4359 and #85240, whose memory it is: no argument names another's, and one agent never recalls what another keeps "
  + "(S0.3, S4.6)", async (t) => {
  const gateway = await open(t, { agents: { entries: { other: { name: "Other" } } } });
  const watched = await gateway.connect();
  const kept = await say(watched, callMark("remember", { text: "The safe's number is 4711." }), { session: "agent:other:main" });
  assert.equal(kept.status, "ok");
  const own = await say(watched, callMark("recall", { query: "" }), { session: "agent:other:main" });
  assert.match(JSON.stringify(own.messages.filter(({ role }) => role === "toolResult")), /4711/);
  const asked = [
    { query: "" }, { query: "safe number 4711" }, { query: "", agentId: "other" }, { query: "", userId: "other" },
    { query: "", session: "agent:other:main" }, { query: "", namespace: "other", tenant: "*" },
  ];
  for (const args of asked) {
    const turn = await say(watched, callMark("recall", args));
    const results = turn.messages.filter(({ role }) => role === "toolResult");
    assert.equal(results.length, 1, JSON.stringify(args));
    assert.equal(JSON.stringify(results).includes("The safe"), false, JSON.stringify(args));
  }
});

interface Answer { readonly status: number; readonly body: string }

function post(
  port: number, path: string, json: unknown, headers: Readonly<Record<string, string>> = {}, method: "GET" | "POST" = "POST",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = { port, host: "127.0.0.1", path, method, headers: { "Content-Type": "application/json", ...headers } };
    const sent = request(asked, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    sent.on("error", reject);
    sent.end(json === undefined ? undefined : JSON.stringify(json));
  });
}
