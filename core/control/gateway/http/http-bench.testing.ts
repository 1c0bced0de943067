/** The routes over a real socket, before a door that is made up. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { OpenClawError } from "@openclaw/protocol";
import type { LiveEvent } from "../../../cognition/runtime.ts";
import { createAgents } from "../../agents.ts";
import type { Inbound } from "../../channels.ts";
import type { HistoryItem } from "../../sessions.ts";
import { TOKEN, type TestGateway } from "../test-gateway.ts";
import type { HttpDoor, HttpSettings, ToolOverHttp } from "./http-door.ts";

export interface FakeDoor {
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

export const message = (seq: number, role: "user" | "assistant", text: string, runId = "r"): HistoryItem => ({
  role, content: [{ type: "text", text }], timestamp: seq, ...(role === "assistant" ? { usage: { input: 3, output: 2 } } : {}),
  __openclaw: { id: `m-${seq}`, seq, runId, recordTimestampMs: seq, label: "owner" },
});

/** A fake: sessions that hold what the test says, and runs that end when it says so. */
export function makeDoor(settings: Partial<HttpSettings> = {}): FakeDoor {
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
        const none = { nextOffset: null, waiting: [], window: 0 };
        if (key === "agent:main:nobody") return { messages: [], totalMessages: 0, hasMore: false, row: null, ...none };
        const end = messages.length - offset;
        const start = Math.max(0, end - limit);
        return { messages: messages.slice(start, end), totalMessages: messages.length, hasMore: start > 0, row, ...none };
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

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly text: string;
  readonly json: Record<string, any>;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly token?: string | null;
}

export function send({ gateway }: TestGateway, path: string, { method, headers = {}, body, token = TOKEN }: Sent = {}) {
  const sent = request({
    host: "127.0.0.1", port: gateway.port, path, method: method ?? (body === undefined ? "GET" : "POST"), agent: false,
    headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
  });
  sent.on("error", () => {});
  sent.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  return sent;
}

export async function ask(running: TestGateway, path: string, options: Sent = {}): Promise<Answer> {
  const [response] = (await once(send(running, path, options), "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  const json = (response.headers["content-type"] ?? "").includes("json") ? (JSON.parse(text) as Record<string, any>) : {};
  return { status: response.statusCode ?? 0, headers: response.headers, text, json };
}

export const chat = (content: string, more: object = {}): object => ({ model: "openclaw", messages: [{ role: "user", content }], ...more });

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}
