/**
 * A gateway's inner layers over one engine, in one process, with everything outside replaced by what a test controls: a
 * model that is a function of what it is shown, a node that keeps its journal, and a crash that leaves nothing behind but
 * what the engine holds. The engine, journal, placement, sessions and runtime are the real ones.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { OpenClawError, codeOf } from "@openclaw/protocol";
import type { Engine, ModelEvent, ModelRequest, Tool } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { Ids } from "../../base/ids.ts";
import { systemIds } from "../../base/ids.ts";
import type { LiveEvent, RuntimeDeps } from "../../cognition/runtime.ts";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import { createGate, type ApprovalOpening } from "../../execution/policy.ts";
import { createTools } from "../../execution/tools.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import { createJournal, type Journal } from "../../fabric/journal.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import { openVault } from "../../fabric/vault.ts";
import { openPlacement, type Placement } from "../placement.ts";
import { SESSIONS_DEFAULTS, type SessionsConfig } from "./config.ts";
import { createSearchIndex } from "./search-index.ts";
import { createSessionIndex } from "./session-index.ts";
import type { Sessions } from "./contract.ts";
import { openSessions } from "./open-sessions.ts";
import type { SessionVisibility } from "./act-on-sessions.ts";
import type { ChannelDeliverer } from "./delivery.ts";
import type { RunStatus, SentMessage } from "./send-message.ts";
import type { SubagentLimits } from "./speak-to-session.ts";

/** What the world outside remembers across crashes. */
export interface Outside {
  /** How often each effect happened, by what it was. */
  readonly effects: Map<string, number>;
  /** The node's journal: finished invocations that were not acknowledged. */
  readonly finished: Map<string, unknown>;
  readonly asked: Map<string, ApprovalOpening>;
}

export interface World {
  readonly sessions: Sessions;
  readonly journal: Journal;
  readonly placement: Placement;
  readonly events: LiveEvent[];
  send(sessionKey: string, text: string, runId?: string, more?: Partial<SentMessage>): Promise<RunStatus>;
  /** The transcript as `role: text` lines. */
  transcript(sessionKey: string): Promise<string[]>;
  /** Everything of this gateway stops where it is; whatever it had begun never answers. */
  crash(): void;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly onLog?: (line: string) => void;
  readonly keyDir: string;
  readonly outside?: Outside;
  readonly ids?: Ids;
  /** Called before each effect; may throw or never return. */
  readonly onEffect?: (name: string) => Promise<void>;
  readonly yesLocal?: boolean;
  readonly model?: (request: Omit<ModelRequest, "model">, signal: AbortSignal) => AsyncIterable<ModelEvent>;
  /** Of the model; 100,000 unless given. */
  readonly contextTokens?: number;
  readonly dormantAfterMs?: number;
  readonly session?: Partial<SessionsConfig>;
  readonly onRest?: () => void;
  readonly filesBytesMax?: () => number;
  readonly onEvent?: (event: LiveEvent) => void;
  /** While a turn is being started and before each model step. */
  readonly onResolve?: () => Promise<void>;
  /** Credentials of the model's provider. */
  readonly profiles?: () => readonly string[];
  readonly tools?: readonly Tool[];
  readonly subagents?: Partial<SubagentLimits>;
  readonly visibility?: SessionVisibility;
  readonly allowAgents?: readonly string[];
  readonly channels?: ReadonlyMap<string, ChannelDeliverer>;
  /** Agents that exist; all do unless told. */
  readonly agents?: ReadonlySet<string>;
}

export const newOutside = (): Outside => ({ effects: new Map(), finished: new Map(), asked: new Map() });

export async function makeKeyDir(): Promise<{ readonly dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-world-"));
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}

const act: Tool = {
  name: "act",
  summary: "Does something once.",
  effect: "unsafe",
  args: { type: "object", additionalProperties: false, required: ["what"], properties: { what: { type: "string" } } },
  propose: (args) => {
    const { what } = args as { what: string };
    return {
      actuator: "node",
      effect: "unsafe",
      command: "system.run",
      target: { command: "system.run" },
      params: { command: ["act", what] },
      summary: what,
    };
  },
};

/** `act X` asks for the tool, then says what came back; anything else is echoed. */
export async function* obedientModel(request: Omit<ModelRequest, "model">): AsyncGenerator<ModelEvent> {
  const last = request.messages.at(-1);
  const usage = { inputTokens: 1, outputTokens: 1 };
  if (last?.role === "user" && last.text.startsWith("act ")) {
    yield {
      type: "end",
      finish: "tools",
      calls: [{ id: "c1", name: "act", arguments: JSON.stringify({ what: last.text.slice(4) }) }],
      usage,
    };
    return;
  }
  const text = last?.role === "tool" ? `did: ${last.text}` : last?.role === "user" ? `echo: ${last.text}` : "nothing";
  for (const word of text.split(/(?<= )/)) yield { type: "text", delta: word };
  yield { type: "end", finish: "stop", calls: [], usage };
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const { clock, outside = newOutside(), ids = systemIds } = options;
  const life = { dead: false };
  const engine = mortal(options.engine, life);
  const logger = createLogger({ write: options.onLog ?? (() => undefined), clock });
  const vault = await openVault({ records: engine.records, keyFile: join(options.keyDir, "key"), ids });
  const journal = createJournal({ engine, vault, clock, ids });
  const events: LiveEvent[] = [];
  const revision = { program: "p", config: "c", prompt: "q", skills: "s", memory: "m" };
  const node = { nodeId: "node-1", displayName: "local", local: true, by: "local", candidates: 1 };

  async function* carryOut(order: IntentOrder, signal: AbortSignal): AsyncGenerator<IntentEvent> {
    if (order.intent.actuator === "sessions") {
      yield await sessions.act(order, signal).then(
        (payload) => ({ type: "end", ok: true, payload }) as const,
        (error: unknown) => ({ type: "end", ok: false, code: codeOf(error) ?? "TOOL_FAILED", why: (error as Error).message }) as const,
      );
      if (life.dead) await NEVER;
      return;
    }
    const what = order.intent.summary;
    if (!outside.finished.has(order.invocationId)) {
      await options.onEffect?.(what);
      if (life.dead) await NEVER;
      outside.effects.set(what, (outside.effects.get(what) ?? 0) + 1);
      outside.finished.set(order.invocationId, { exitCode: 0, text: `${what} happened` });
    }
    yield { type: "output", stream: "stdout", text: `${what}\n`, offset: 0 };
    if (life.dead) await NEVER;
    yield { type: "end", ok: true, payload: outside.finished.get(order.invocationId), nodeId: node.nodeId };
  }

  const runtime = {
    clock,
    ids,
    placeOf: () => ({ allowedDirs: [] }),
    nodesReady: () => Promise.resolve(),
    revisionOf: () => revision,
    profilesOf: () => options.profiles?.() ?? [],
    models: {
      resolveModel: async () => {
        await options.onResolve?.();
        return { info: { contextTokens: options.contextTokens ?? 100_000 } };
      },
      streamModel: (_: string, request: Omit<ModelRequest, "model">, signal: AbortSignal) =>
        (options.model ?? obedientModel)(request, signal),
    },
    tools: createTools([
      { ...act, present: (payload: unknown) => ({ text: (payload as { text: string }).text, isError: false }) } as Tool,
      ...(options.tools ?? []),
    ]),
    intents: {
      carryOut,
      resume: carryOut,
      acknowledge: ({ invocationId }: IntentOrder) => (life.dead ? false : outside.finished.delete(invocationId)),
    },
    nodes: { choose: () => node, describe: () => ({ ...node }), plan: async () => null },
    gate: createGate({ localNodeConfined: () => true, yesLocal: () => options.yesLocal ?? true }),
    approvals: {
      open: async (opening: ApprovalOpening) => void outside.asked.set(opening.id ?? "", opening),
      cancel: async () => undefined,
    },
    agentOf: (id: string) => {
      if (options.agents?.has(id) === false) throw new OpenClawError("UNKNOWN_AGENT_ID");
      return { id, name: "Test", instructions: "", model: "test/test", workspace: "/w" };
    },
  } as unknown as RuntimeDeps;

  const late: { placement?: Placement } = {};
  const recovered = Promise.withResolvers<void>();
  const sessions = openSessions({
    journal,
    runtime,
    clock,
    ids,
    logger,
    words: createSearchIndex({
      records: engine.records, vault, journal, clock, log: logger, isOn: () => options.session?.search ?? true,
    }),
    index: createSessionIndex({ records: engine.records, vault, clock, log: logger }),
    records: engine.records,
    recovered: () => recovered.promise,
    placement: () => late.placement as Placement,
    modelOf: () => "test/test",
    publish: (_, event) => {
      events.push(event);
      options.onEvent?.(event);
    },
    ...(options.filesBytesMax === undefined ? {} : { filesBytesMax: options.filesBytesMax }),
    ...(options.onRest === undefined ? {} : { onRest: options.onRest }),
    onChanged: () => undefined,
    onDeleted: async () => undefined,
    delegation: {
      agents: { get: (id) => ({ id, timeoutMs: 600_000 }) },
      limits: () => ({ maxConcurrent: 8, maxChildrenPerAgent: 5, maxSpawnDepth: 5, ...options.subagents }),
      visibility: () => options.visibility ?? "agent",
      allowAgents: () => options.allowAgents ?? [],
    },
    ...(options.channels === undefined ? {} : { channels: options.channels }),
    config: () => ({
      ...SESSIONS_DEFAULTS, turnsWaitingMax: 20, messageBytesMax: 10_000, liveMax: 100, dormantAfterMs: options.dormantAfterMs ?? 60_000,
      ...options.session,
    }),
  });
  const placement = (late.placement = openPlacement({
    engine,
    owner: "here",
    clock,
    ids,
    log: logger,
    peek: journal.peek,
    onWork: sessions.onWork,
    onOwnEvent: sessions.onOwnEvent,
    onLost: sessions.onLost, onTouched: sessions.onTouched, derived: sessions.derived,
    onDamaged: sessions.onDamaged,
  }));
  void placement.recover().then(
    () => recovered.resolve(),
    () => undefined,
  );

  return {
    sessions,
    journal,
    placement,
    events,
    send: (sessionKey, text, runId = text, more = {}) =>
      sessions.send({ sessionKey, agentId: "main", runId, text, channel: "test", principal: OWNER, ...more }),
    transcript: async (sessionKey) => {
      const { messages } = await sessions.history(sessionKey, 1_000, 0);
      return messages
        .filter((item) => item.content.length > 0 && item.content[0]?.["type"] === "text")
        .map((item) => `${item.role}: ${String(item.content[0]?.["text"])}`);
    },
    crash: () => {
      life.dead = true;
    },
    close: async () => {
      await sessions[Symbol.asyncDispose]();
      await placement[Symbol.asyncDispose]();
    },
  };
}

const NEVER = new Promise<never>(() => undefined);

/** The same engine until its gateway dies; from then on nothing is asked of it and nothing answers. */
function mortal(engine: Engine, life: { readonly dead: boolean }): Engine {
  const guard = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (life.dead) return NEVER;
          const answer: unknown = (member as (...given: unknown[]) => unknown).apply(target, args);
          return answer instanceof Promise
            ? answer.then(
                (value: unknown) => (life.dead ? NEVER : value),
                (error: unknown) => (life.dead ? NEVER : Promise.reject(error)),
              )
            : answer;
        };
      },
    });
  return {
    ...engine,
    records: guard(engine.records),
    log: guard(engine.log),
    blobs: guard(engine.blobs),
    bus: engine.bus,
    drain: () => engine.drain(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export interface WorldOfTest {
  readonly clock: VirtualClock;
  readonly engine: Engine;
  readonly outside: Outside;
  /** A gateway over the engine; opened again after a crash, it finds what the one before left. */
  open(more?: Partial<WorldOptions>): Promise<World>;
}

export type SetUpWorld = Omit<Partial<WorldOptions>, "clock"> & { readonly clock?: VirtualClock; readonly skipNumbers?: boolean };

/** A clock, an engine in memory, keys and an outside that outlive the gateways opened over them; all gone with the test. */
export async function setUpWorld(
  t: TestContext, { clock = new VirtualClock(), skipNumbers = false, ...options }: SetUpWorld = {},
): Promise<WorldOfTest> {
  const engine = await openMemoryEngine({ clock, skipNumbers });
  const keys = await makeKeyDir();
  const outside = newOutside();
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await keys.remove();
  });
  return { clock, engine, outside, open: (more = {}) => openWorld({ engine, clock, keyDir: keys.dir, outside, ...options, ...more }) };
}

/** Lets everything that can happen within that time happen. */
export async function settle(clock: VirtualClock, ms = 500): Promise<void> {
  for (let step = 0; step < 20; step++) await clock.advance(ms / 20);
}
