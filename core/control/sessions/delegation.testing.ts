/**
 * What tests of sub-agents and of messages between sessions share: tools that speak to sessions, a fake model that does as it
 * is told, and a fake channel.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";
import type { ModelEvent, ModelRequest, Tool } from "@openclaw/sdk";
import type { IntentOrder } from "../../execution/intents.ts";
import { OWNER } from "../../fabric/identity.ts";
import type { ChannelDeliverer, Delivery } from "./delivery.ts";
import type { SessionRow } from "./session-row.ts";
import { settle, setUpWorld, type SetUpWorld, type World, type WorldOfTest } from "./world.testing.ts";

export const PARENT = "agent:main:main";

const sessionTool = (name: string, action: "spawn" | "send" | "list" | "history", effect: "idempotent" | "read"): Tool => ({
  name, summary: name, effect, args: { type: "object" },
  propose: (params) => ({ actuator: "sessions", effect, action, params: params as Record<string, unknown>, summary: name }),
});

export const TOOLS = [
  sessionTool("spawn", "spawn", "idempotent"), sessionTool("tell", "send", "idempotent"),
  sessionTool("list", "list", "read"), sessionTool("read", "history", "read"),
];

export const usage = { inputTokens: 1, outputTokens: 1 };

/**
 * A fake model that does as it is told: `use <tool> <arguments>` calls the tool, several parted by `;;`; `hang` says nothing
 * until it is stopped; the result of a tool and an answer of another session are said after `got`.
 */
export async function* toldModel(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const last = request.messages.at(-1);
  const text = last?.text ?? "";
  if (last?.role === "user" && text.startsWith("use ")) {
    const calls = text.split(";;").map((part, at) => {
      const [, name = "", args = "{}"] = /^\s*use (\S+) (.*)$/s.exec(part) ?? [];
      return { id: `c${at}`, name, arguments: args };
    });
    yield { type: "end", finish: "tools", calls, usage };
    return;
  }
  if (last?.role === "user" && text.startsWith("hang")) {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
  }
  if (last?.role === "user" && text.startsWith("fail")) {
    yield { type: "error", code: "MODEL_REJECTED", why: "It says no." };
    return;
  }
  const got = last?.role === "tool" || text.startsWith("[Answer");
  yield { type: "text", delta: got ? `got ${text}` : `echo ${text}` };
  yield { type: "end", finish: "stop", calls: [], usage };
}

/** A world in which the agents speak to each other. */
export const setUp = (t: TestContext, more: SetUpWorld = {}): Promise<WorldOfTest> =>
  setUpWorld(t, { model: toldModel, tools: TOOLS, ...more });

export const spawn = (args: Readonly<Record<string, unknown>>): string => `use spawn ${JSON.stringify(args)}`;
export const tell = (args: Readonly<Record<string, unknown>>): string => `use tell ${JSON.stringify(args)}`;

export async function rowsOf(world: World): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  for await (const row of world.sessions.rows()) rows.push(row);
  return rows;
}

export async function childOf(world: World): Promise<string> {
  const child = (await rowsOf(world)).find((row) => row.spawnedBy === PARENT);
  assert.ok(child, "there is a sub-agent");
  return child.key;
}

/** What the parent said after its last tool result or answer. */
export async function lastLine(world: World, key = PARENT): Promise<string> {
  return (await world.transcript(key)).at(-1) ?? "";
}

export const OTHER = "agent:main:other";

/** A world in which the parent and another session of the same agent have said hello. */
export async function twoSessions(t: TestContext): Promise<WorldOfTest & { readonly world: World }> {
  const bench = await setUp(t);
  const world = await bench.open();
  await world.send(PARENT, "hello");
  await world.send(OTHER, "hello", "o1");
  await settle(bench.clock);
  return { ...bench, world };
}

/** Stops all that runs there, and lets it end. */
export async function stop(world: World, clock: WorldOfTest["clock"], key: string): Promise<void> {
  const stopping = world.sessions.abort(key, null, OWNER);
  await settle(clock);
  await stopping;
  await settle(clock);
}

/** The intent of a tool that speaks to a session, as its actuator is handed it. */
export const asking = (params: Readonly<Record<string, unknown>>): IntentOrder => ({
  invocationId: "asked-1", nodeId: null, sessionKey: PARENT, label: "owner", fence: { slot: 0, epoch: 1 },
  intent: { actuator: "sessions", action: "send", effect: "idempotent", params, summary: "asks" },
});

/** A fake channel: what arrived, by delivery id; it can be down, and can take something without saying so. */
export function fakeChannel() {
  const arrived = new Map<string, Delivery>();
  const state: { fails: number; attempts: number; code: ErrorCode } = { fails: 0, attempts: 0, code: "CONNECTION_LOST" };
  const channel: ChannelDeliverer = {
    deliver: async (_to, delivery) => {
      state.attempts += 1;
      if (state.fails > 0) {
        state.fails -= 1;
        throw new OpenClawError(state.code);
      }
      arrived.set(delivery.id, delivery);
    },
  };
  return { arrived, state, channels: new Map([["fake", channel]]) };
}

export const toFake = { kind: "channel", channel: "fake", to: "room-1" } as const;
type Channel = { readonly kind: "channel"; readonly channel: string; readonly to: string };
export const say = (world: World, text: string, runId: string, replyTo: Channel = toFake) =>
  world.sessions.send({ sessionKey: PARENT, agentId: "main", runId, text, channel: "fake", principal: OWNER, replyTo });
