/** The routes over a real socket, before a door that is made up: who is let in, what is read, and what a slow reader costs. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import { OpenClawError } from "@openclaw/protocol";
import type { LiveEvent } from "../../../cognition/runtime.ts";
import { createAgents } from "../../agents.ts";
import type { Inbound } from "../../channels.ts";
import type { HistoryItem } from "../../sessions.ts";
import { startGateway, TOKEN, type TestGateway } from "../test-gateway.ts";
import type { HttpDoor, HttpSettings, ToolOverHttp } from "./http-door.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

interface FakeDoor {
  readonly door: HttpDoor;
  readonly received: Inbound[];
  readonly invoked: ToolOverHttp[];
  readonly messages: HistoryItem[];
  readonly listening: () => number;
  /** Something happens in a turn. */
  tell(event: Partial<LiveEvent>): void;
  /** The run ends. */
  end(status?: "ok" | "error"): void;
}

const message = (seq: number, role: "user" | "assistant", text: string, runId = "r"): HistoryItem => ({
  role, content: [{ type: "text", text }], timestamp: seq, ...(role === "assistant" ? { usage: { input: 3, output: 2 } } : {}),
  __openclaw: { id: `m-${seq}`, seq, runId, recordTimestampMs: seq, label: "owner" },
});

/** A fake: sessions that hold what the test says, and runs that end when it says so. */
function makeDoor(settings: Partial<HttpSettings> = {}): FakeDoor {
  const received: Inbound[] = [];
  const invoked: ToolOverHttp[] = [];
  const messages: HistoryItem[] = [];
  const ears = new Set<(event: LiveEvent) => void>();
  const ended = Promise.withResolvers<"ok" | "error">();
  const agents = createAgents(() => ({ entries: { helper: {} } }), "/w");
  const row = { key: "agent:main:main", sessionId: "s1" } as never;
  const door: HttpDoor = {
    agents,
    settings: () => ({ chatCompletions: true, responses: true, toolsAllow: [], toolsDeny: [], ...settings }),
    intake: {
      receiveInbound: async (inbound) => {
        if (inbound.text === "full") throw new OpenClawError("SESSION_QUEUE_FULL", { retryAfterMs: 2_500 });
        received.push(inbound);
        return { runId: inbound.idempotencyKey, sessionKey: inbound.sessionKey ?? "", agentId: "main", outcome: { status: "started" } };
      },
    },
    sessions: {
      wait: async (runId, _ms, signal) => {
        const status = await Promise.race([
          ended.promise, new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
        ]);
        if (status === "ok") messages.push(message(messages.length + 1, "assistant", "the whole answer", runId));
        return status === "ok" ? { status, endedAtMs: 1 } : { status, endedAtMs: 1, code: "MODEL_REJECTED", why: "It refused." };
      },
      history: async (key, limit, offset) => {
        if (key === "agent:main:nobody") return { messages: [], totalMessages: 0, hasMore: false, nextOffset: null, row: null };
        const end = messages.length - offset;
        const start = Math.max(0, end - limit);
        return { messages: messages.slice(start, end), totalMessages: messages.length, hasMore: start > 0, nextOffset: null, row };
      },
      describe: async () => row,
      abort: async () => ({ runIds: [], cleared: 0, report: "" }) as never,
    },
    checkModel: async () => undefined,
    listen: (on) => {
      ears.add(on);
      return { close: () => void ears.delete(on) };
    },
    invokeTool: async (call) => {
      invoked.push(call);
      if (call.tool === "missing") return { ok: false, kind: "unknown", message: "Tool not available: missing" };
      return call.tool === "refused" ? { ok: false, kind: "refused", message: "no" } : { ok: true, result: { said: call.args } };
    },
  };
  return {
    door, received, invoked, messages, listening: () => ears.size, end: (status = "ok") => ended.resolve(status),
    tell: (event) => {
      const whole = { runId: "r", sessionKey: "agent:main:main", agentId: "main", seq: 1, ts: 1, stream: "assistant", data: {}, ...event };
      for (const ear of [...ears]) ear(whole as LiveEvent);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly json: Record<string, any>;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly token?: string | null;
}

function send({ gateway }: TestGateway, path: string, { method, headers = {}, body, token = TOKEN }: Sent = {}) {
  const sent = request({
    host: "127.0.0.1", port: gateway.port, path, method: method ?? (body === undefined ? "GET" : "POST"), agent: false,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
  sent.on("error", () => {});
  sent.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  return sent;
}

async function ask(running: TestGateway, path: string, options: Sent = {}): Promise<Answer> {
  const [response] = (await once(send(running, path, options), "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const json = (response.headers["content-type"] ?? "").includes("json") ? (JSON.parse(text) as Record<string, any>) : {};
  return { status: response.statusCode ?? 0, headers: response.headers, text, json };
}

const chat = (content: string, more: object = {}): object => ({ model: "openclaw", messages: [{ role: "user", content }], ...more });

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test("without the secret nothing is read or told; a secret in an address is refused, whatever it is (S4.31, S4.42, W.9.3, W.9.8)", async () => {
  const { door, received } = makeDoor();
  await using running = await startGateway({ http: door });
  for (const [path, body] of [
    ["/v1/chat/completions", chat("x")], ["/v1/responses", { model: "openclaw", input: "x" }], ["/v1/models", undefined],
    ["/tools/invoke", { tool: "t" }], ["/sessions/main/history", undefined], ["/control-ui-config.json", undefined],
  ] as const) {
    // A wrong one is answered later and later: one route shows it.
    for (const token of path === "/v1/models" ? [null, "", "wrong"] : [null, ""]) {
      const answer = await ask(running, path, { body, token });
      assert.equal(answer.status, 401, path);
      assert.equal(answer.json["error"].message, "Unauthorized");
      assert.equal(answer.json["error"].type, "unauthorized");
    }
    const inQuery = await ask(running, `${path}?token=${TOKEN}`, { body });
    assert.equal(inQuery.status, 400, "a right secret at the wrong place");
    assert.ok(!inQuery.text.includes(TOKEN));
  }
  assert.deepEqual(received, []);
});

test("a page of another origin, and a name that is not this machine, get nothing from any route (S4.42)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door });
  for (const path of ["/v1/models", "/sessions/main/history", "/control-ui-config.json"]) {
    assert.equal((await ask(running, path, { headers: { origin: "https://evil.example" } })).status, 403, path);
    assert.equal((await ask(running, path, { headers: { host: "evil.example" } })).status, 403, path);
    const preflight = await ask(running, path, { method: "OPTIONS", headers: { origin: `http://127.0.0.1:${running.gateway.port}` } });
    assert.equal(preflight.status, 405);
    assert.ok(Object.keys(preflight.headers).every((name) => !name.startsWith("access-control-")), "no leave for other origins");
  }
});

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

test("who declares a body and dawdles loses the connection, with or without the secret (C33)", async () => {
  const { door } = makeDoor();
  await using running = await startGateway({ http: door, limits: { httpHeadersTimeoutMs: 300 } });
  for (const secret of [TOKEN, "wrong"]) {
    const socket = connect(running.gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    const head = ["POST /v1/chat/completions HTTP/1.1", "Host: localhost", `Authorization: Bearer ${secret}`, "Content-Length: 1000"];
    socket.write(`${head.join("\r\n")}\r\n\r\n{`);
    socket.resume();
    await closed;
  }
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
  const link = new URL(moved.gateway.dashboardLink().url);
  assert.equal(link.pathname, "/ui/");
  const opened = await ask(moved, `${link.pathname}${link.search}`);
  assert.deepEqual([opened.status, opened.headers.location], [303, "/ui"]);
  assert.match(String(opened.headers["set-cookie"]), /; Path=\/ui;/);
  for (const path of ["/ui/control-ui-config.json", "/__openclaw/control-ui-config.json", "/__openclaw__/control-ui-config.json"]) {
    const settings = await ask(moved, path);
    assert.deepEqual([settings.status, settings.json["basePath"], settings.json["assistantAgentId"]], [200, "/ui", "main"], path);
    assert.deepEqual([settings.json["serverVersion"], settings.json["embedSandbox"]], ["0.0.0-test", "scripts"]);
  }
  assert.equal((await ask(moved, "/control-ui-config.json")).status, 404);
  await using none = await startGateway({ http: door, page: () => ({ enabled: false, basePath: "/" }) });
  assert.equal((await ask(none, "/")).status, 404);
});

test("why a gateway is not ready is told on this machine only (S4.43, W.9.1)", async () => {
  await using running = await startGateway({ failing: () => ["recovery"], eventLoop: () => ({ utilization: 0 }) });
  const here = await ask(running, "/readyz");
  assert.deepEqual([here.status, here.json["failing"], here.json["eventLoop"]], [503, ["recovery"], { utilization: 0 }]);
  const passedOn = await ask(running, "/readyz", { headers: { "x-forwarded-for": "203.0.113.9" } });
  assert.deepEqual([passedOn.status, passedOn.json], [503, { ready: false }]);
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
