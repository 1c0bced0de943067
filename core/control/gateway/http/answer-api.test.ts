/** What the routes read, answer and refuse, and what a slow reader costs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { Inbound } from "../../channels.ts";
import type { HistoryItem } from "../../sessions.ts";
import { startGateway } from "../test-gateway.ts";
import { ask, chat, makeDoor, message, send, until, type Answer } from "./http-bench.testing.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

test("a body is bounded before it is read, while it comes, and must be a JSON object", async () => {
  const { door, invoked } = makeDoor();
  await using running = await startGateway({ http: door });
  const declared = await ask(running, "/tools/invoke", {
    method: "POST", headers: { "content-length": String(HTTP_LIMITS.toolBodyBytes + 1) }, body: "x",
  }).catch(() => undefined);
  assert.ok(declared === undefined || declared.status === 413);
  const large = await ask(running, "/tools/invoke", { body: { tool: "t", args: { text: "x".repeat(HTTP_LIMITS.toolBodyBytes) } } });
  assert.equal(large.status, 413);
  for (const body of ["", "x", "[]", "null", "5"]) {
    assert.equal((await ask(running, "/tools/invoke", { method: "POST", body })).status, 400);
  }
  assert.deepEqual(invoked, []);
});

test("what is refused before it is accepted may be tried again, after as long as it says; what failed afterwards may not", async () => {
  const { door, end } = makeDoor();
  await using running = await startGateway({ http: door });
  const full = await ask(running, "/v1/chat/completions", { body: chat("full") });
  assert.deepEqual([full.status, full.headers["retry-after"], full.headers["x-should-retry"]], [429, "3", undefined]);
  assert.equal(full.json["error"].code, "SESSION_QUEUE_FULL");
  end("error");
  const failed = await ask(running, "/v1/chat/completions", { body: chat("x") });
  assert.deepEqual([failed.status, failed.headers["x-should-retry"], failed.json["error"].code], [502, "false", "MODEL_REJECTED"]);
});

test("words that were not heard are made good from the log; steps are parted by an empty line (S4.25)", async () => {
  for (const [heard, said] of [
    [["the whole", " answer"], "the whole answer"], [["the who"], "the whole answer"], [[], "the whole answer"],
    [["I look.", "TOOL", "the"], "I look.\n\nthe whole answer"], [["lost in between"], "lost in between\n\nthe whole answer"],
  ] as const) {
    const { door, received, tell, end, listening } = makeDoor();
    await using running = await startGateway({ http: door });
    const answering = ask(running, "/v1/chat/completions", { body: chat("x", { stream: true }) });
    await until(() => received.length === 1);
    const runId = received[0]?.idempotencyKey ?? "";
    for (const delta of heard) {
      tell(delta === "TOOL" ? { runId, stream: "tool", data: { phase: "start" } } : { runId, data: { delta } });
      tell({ runId: "another", data: { delta: "not ours" } });
    }
    end();
    const { text, headers } = await answering;
    assert.match(String(headers["content-type"]), /^text\/event-stream/);
    const chunks = text.split("\n\n").flatMap((event) => (event.startsWith("data: {") ? [JSON.parse(event.slice(6))] : []));
    assert.equal(chunks.map(({ choices: [choice] }) => choice?.delta.content ?? "").join(""), said);
    assert.match(text, /data: \[DONE\]\n\n$/);
    assert.equal(listening(), 0, "nobody listens any more");
  }
});

test("a reader that does not read costs a bound and then its connection; the turn's words are not dropped before", async () => {
  const { door, received, tell, listening } = makeDoor();
  await using running = await startGateway({ http: door });
  const sent = send(running, "/v1/chat/completions", { body: chat("x", { stream: true }) });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => {});
  response.pause();
  await until(() => received.length === 1);
  const piece = "x".repeat(100_000);
  for (let at = 0; at < 200 && listening() > 0; at += 1) {
    tell({ runId: received[0]?.idempotencyKey ?? "", data: { delta: piece } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(listening(), 0, "it was cut");
  response.destroy();
});

test("a session's history: pages, a cursor, 404 for one that is not there (W.9.9)", async () => {
  const { door, messages } = makeDoor();
  for (let seq = 1; seq <= 5; seq += 1) messages.push(message(seq, seq % 2 === 0 ? "assistant" : "user", `m${seq}`));
  await using running = await startGateway({ http: door });
  const page = await ask(running, "/sessions/agent%3Amain%3Amain/history?limit=2");
  assert.equal(page.status, 200);
  const textsOf = ({ json }: Answer): string[] => json["items"].map((item: HistoryItem) => item.content[0]?.["text"]);
  assert.deepEqual([page.json["sessionKey"], textsOf(page), page.json["hasMore"]], ["agent:main:main", ["m4", "m5"], true]);
  const before = await ask(running, `/sessions/main/history?limit=2&cursor=${page.json["nextCursor"]}`);
  assert.deepEqual(textsOf(before), ["m2", "m3"]);
  assert.equal((await ask(running, "/sessions/nobody/history")).status, 404);
  for (const bad of ["limit=0", "limit=x", "cursor=x", "cursor=seq:0"]) {
    assert.equal((await ask(running, `/sessions/main/history?${bad}`)).status, 400);
  }
  assert.equal((await ask(running, "/sessions/%E0%A4%A/history")).status, 400);
});

test("as a stream: how soon to come again, the history, then each message once, also one that came in between (W.9.9)", async () => {
  const { door, messages, tell, listening } = makeDoor();
  messages.push(message(1, "user", "m1"));
  await using running = await startGateway({ http: door });
  const sent = send(running, "/sessions/main/history", { headers: { accept: "text/event-stream" } });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  response.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await until(() => text.includes("event: history"));
  assert.ok(text.startsWith("retry: 1000\n\n"));
  for (const seq of [1, 2, 2, 3]) {
    tell({ stream: "message" as never, data: { message: message(seq, "assistant", `m${seq}`), messageId: `m-${seq}`, messageSeq: seq } });
  }
  tell({ sessionKey: "agent:main:other", stream: "message" as never, data: { messageSeq: 9 } });
  await until(() => text.includes("m3"));
  const events = text.split("\n\n").filter((event) => event.startsWith("event: ")).map((event) => event.split("\n")[0]);
  assert.deepEqual(events, ["event: history", "event: message", "event: message"]);
  response.destroy();
  await until(() => listening() === 0);
});

test("tools that could act beyond the call are not there over HTTP, whatever policy says (GHSA-943q-mwmv-hhvh, W.9.6)", async () => {
  const { door, invoked } = makeDoor();
  await using running = await startGateway({ http: door });
  for (const tool of [
    "exec", "EXEC", " exec ", "spawn", "shell", "fs_write", "fs_delete", "fs_move", "apply_patch", "sessions_spawn", "sessions_send",
    "cron", "gateway", "nodes", "job", "write_file",
  ]) {
    for (const body of [{ tool }, { name: tool }, { tool, dryRun: true }]) {
      const answer = await ask(running, "/tools/invoke", { body });
      assert.equal(answer.status, 404, tool);
      assert.equal(answer.json["error"].type, "not_found");
    }
  }
  assert.deepEqual(invoked, []);
  const call = { tool: "recall", action: "find", args: { query: "x" }, agentId: "helper", dryRun: true };
  const done = await ask(running, "/tools/invoke", { body: call });
  assert.deepEqual([done.status, done.json], [200, { ok: true, result: { said: { query: "x", action: "find" } } }]);
  assert.deepEqual(invoked, [{
    tool: "recall", args: { query: "x", action: "find" }, sessionKey: "agent:helper:main", agentId: "helper", dryRun: true,
  }]);
  for (const [body, status] of [
    [{}, 400], [{ tool: 5 }, 400], [{ tool: "t", args: [] }, 400], [{ tool: "t", dryRun: "yes" }, 400], [{ tool: "missing" }, 404],
    [{ tool: "refused" }, 403],
  ] as const) assert.equal((await ask(running, "/tools/invoke", { body })).status, status, JSON.stringify(body));
});

test("the owner may take a tool off that list, and put one on it, which wins", async () => {
  const { door, invoked } = makeDoor({ toolsAllow: ["exec", "cron"], toolsDeny: ["cron", "recall"] });
  await using running = await startGateway({ http: door });
  const statusOf = async (tool: string): Promise<number> => (await ask(running, "/tools/invoke", { body: { tool } })).status;
  assert.deepEqual([await statusOf("exec"), await statusOf("cron"), await statusOf("recall")], [200, 404, 404]);
  assert.deepEqual(invoked.map(({ tool }) => tool), ["exec"]);
});

test("a user's name makes a key of its own, however it is written; two never share one (S4.8)", async () => {
  const { door, received, end } = makeDoor();
  end();
  await using running = await startGateway({ http: door });
  const names = ["ada", "Ada", "a:group:b", "../../etc", "ada ", "агент", "x".repeat(200), "main"];
  for (const user of names) await ask(running, "/v1/chat/completions", { body: chat("x", { user }) });
  const keys = received.map(({ sessionKey }) => sessionKey ?? "");
  assert.equal(new Set(keys).size, names.length);
  for (const key of keys) assert.match(key, /^agent:main:openai-user:[a-z0-9_.@+-]{1,128}$/);
  const chosen = { "x-openclaw-session-key": "work", "x-openclaw-agent-id": "helper", "x-openclaw-message-channel": "Kiosk" };
  await ask(running, "/v1/chat/completions", { body: chat("x"), headers: chosen });
  const { sessionKey, agentId, channel } = received.at(-1) as Inbound;
  assert.deepEqual([sessionKey, agentId, channel], ["agent:helper:work", "helper", "kiosk"]);
});

test("the page and its settings stand where the owner puts them; without a page there is none (S4.28, S4.30)", async () => {
  const { door } = makeDoor();
  await using moved = await startGateway({ http: door, page: () => ({ enabled: true, basePath: "/ui/" }) });
  assert.equal((await ask(moved, "/")).status, 404);
  for (const path of ["/ui", "/ui/"]) assert.match((await ask(moved, path)).text, /A gateway runs here/);
  assert.match(new URL(moved.gateway.dashboardLink().url).pathname, /^\/ui\/$/);
  for (const path of ["/ui/control-ui-config.json", "/__openclaw/control-ui-config.json", "/__openclaw__/control-ui-config.json"]) {
    const settings = await ask(moved, path);
    assert.deepEqual([settings.status, settings.json["basePath"], settings.json["assistantAgentId"]], [200, "/ui", "main"], path);
    assert.deepEqual([settings.json["serverVersion"], settings.json["embedSandbox"]], ["0.0.0-test", "scripts"]);
  }
  assert.equal((await ask(moved, "/control-ui-config.json")).status, 404);
  await using none = await startGateway({ http: door, page: () => ({ enabled: false, basePath: "/" }) });
  assert.equal((await ask(none, "/")).status, 404);
});

test("no address reads a file: paths out of what is served, file addresses and media paths end as 404 (moltbot #4930)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door, page: () => ({ enabled: true, basePath: "/ui" }) });
  for (const path of [
    "/../../etc/passwd", "/ui/../../etc/passwd", "/ui/%2e%2e/%2e%2e/etc/passwd", "/ui/..%2f..%2fetc%2fpasswd", "/ui//etc/passwd",
    "/media?path=/etc/passwd", "/media/..%2f..%2fetc%2fpasswd", "/api/chat/media/%2Fetc%2Fpasswd", "/api/media?file=file:///etc/passwd",
    "/__openclaw__/cap/x/../../../etc/passwd", "/__openclaw__/media/etc/passwd", "/v1/files/..%2f..%2fetc%2fpasswd/content",
    "/v1/models/..%2f..%2f..%2fetc%2fpasswd", "/sessions/..%2f..%2fetc%2fpasswd/history/..", "/tools/invoke/../../etc/passwd", "/.env",
    "/openclaw.json", "/ui/openclaw.json", "//etc/passwd", "/%00", "/\\..\\..\\etc\\passwd", "file:///etc/passwd",
  ]) {
    const answer = await ask(running, path);
    assert.ok(answer.status === 404 || answer.status === 400, `${path}: ${answer.status}`);
    assert.ok(!answer.text.includes("root:"), path);
  }
});
