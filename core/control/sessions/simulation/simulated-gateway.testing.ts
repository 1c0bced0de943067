/**
 * One gateway of the simulation: vault, journal, placement, sessions, runtime, gate, approvals, nodes and memory are the real
 * ones; the model is a function of what it is shown, and speaks when the schedule lets it.
 */
import type { Engine, ModelEvent, ModelRequest, Tool } from "@openclaw/sdk";
import { scheduleEngine, type EngineLink } from "@openclaw/testkit/scheduled-engine";
import type { SeededSchedule } from "@openclaw/testkit/seeded-schedule";
import type { VirtualClock } from "@openclaw/testkit/virtual-clock";
import type { Ids } from "../../../base/ids.ts";
import { createMemory } from "../../../cognition/memory.ts";
import type { LiveEvent, RuntimeDeps } from "../../../cognition/runtime.ts";
import { createIntents, type IntentOrder } from "../../../execution/intents.ts";
import { openNodes, type Nodes } from "../../../execution/nodes.ts";
import { createGate, openApprovals, type Approvals } from "../../../execution/policy.ts";
import { createTools } from "../../../execution/tools.ts";
import { HOME_TENANT, OWNER } from "../../../fabric/identity.ts";
import { createJournal, type Journal, type SessionLog } from "../../../fabric/journal.ts";
import { createLogger } from "../../../fabric/telemetry.ts";
import { openVault, type Vault } from "../../../fabric/vault.ts";
import { openPlacement, type Placement } from "../../placement.ts";
import { SESSIONS_DEFAULTS } from "../config.ts";
import type { Sessions } from "../contract.ts";
import { openSessions } from "../open-sessions.ts";
import { createSearchIndex } from "../search-index.ts";
import { createSessionIndex } from "../session-index.ts";

/** The same in every run: what it seals belongs to nobody. */
export const ROOT_KEY = Buffer.alloc(32, 7);
export const JOURNAL_BOUNDS = { snapshotEvery: 5, segmentEvery: 7 } as const;
const REATTACH_WAIT_MS = 60_000;

export interface SimulatedGateway {
  readonly name: string;
  readonly sessions: Sessions;
  readonly journal: Journal;
  readonly vault: Vault;
  readonly nodes: Nodes;
  readonly approvals: Approvals;
  /** The newest log of each session that this gateway loaded, by token. */
  readonly loaded: ReadonlyMap<string, SessionLog>;
  readonly dead: boolean;
  /** What decides here: a replay of any gateway's sessions decides with it again. */
  readonly runtime: RuntimeDeps;
  /** Another gateway has gone: what it held falls to this one. */
  succeed(): void;
  /** Stops as a person would stop it. */
  close(): Promise<void>;
}

export interface SimulatedGatewayOptions {
  readonly name: string;
  readonly engine: Engine;
  readonly schedule: SeededSchedule;
  readonly clock: VirtualClock;
  readonly ids: Ids;
  readonly yesLocal: boolean;
  /** How likely a read of the store takes long. */
  readonly slowReads: number;
  /** How likely a model call fails. */
  readonly modelFails: number;
  /** A mistake of the program, as its log tells it. */
  readonly onMistake: (text: string) => void;
  readonly onLive: (event: LiveEvent) => void;
  /** Given for each offer made: lets it arrive once more. */
  readonly onOffered: (again: () => void) => void;
  /** A session was folded from the store. */
  readonly onLoaded: (log: SessionLog) => void;
}

export interface GatewayProcess {
  readonly name: string;
  readonly dead: boolean;
  /** Once it serves. Never, when it crashes before; rejects with what kept it from starting. */
  readonly ready: Promise<SimulatedGateway>;
  /** Everything stops where it is; whatever was begun never answers. */
  crash(): void;
}

export function startSimulatedGateway(options: SimulatedGatewayOptions): GatewayProcess {
  const life = { dead: false };
  const link = scheduleEngine(options.engine, options.schedule, options.name, options.slowReads, options.onOffered);
  return {
    name: options.name,
    get dead() {
      return life.dead;
    },
    crash: () => {
      life.dead = true;
      link.crash();
    },
    ready: open(options, life, link),
  };
}

async function open(options: SimulatedGatewayOptions, life: { dead: boolean }, link: EngineLink): Promise<SimulatedGateway> {
  const { name, schedule, clock, ids } = options;
  const own = mortalClock(clock, life);
  const { engine } = link;
  const { records } = engine;
  const logger = createLogger({
    clock: own, level: "error",
    write: (line) => {
      if (!life.dead && isMistake(line)) options.onMistake(`${name}: ${line.trim()}`);
    },
  });
  const vault = await openVault({ records, keyFile: "", rootKey: ROOT_KEY, ids });
  const tenantKey = await vault.tenantKey(HOME_TENANT);
  const loaded = new Map<string, SessionLog>();
  const plain = createJournal({ engine, vault, clock: own, ids, limits: JOURNAL_BOUNDS });
  const journal: Journal = {
    ...plain,
    load: async (address) => {
      const log = await plain.load(address);
      loaded.set(address.token, log);
      if (!life.dead) options.onLoaded(log);
      return log;
    },
  };
  const nodes = await openNodes({
    records, blobs: engine.blobs, clock: own, ids, log: logger, onEvent: () => undefined, policy: { allow: [], deny: [] },
    reattachWaitMs: REATTACH_WAIT_MS,
    onLateResult: ({ sessionKey, id, ok }) => {
      if (sessionKey !== null) late.sessions?.note(sessionKey, `it ${ok ? "worked" : "failed"}`, id).catch(() => undefined);
    },
  });
  const memory = createMemory({ records, vault, clock: own });
  const late: { placement?: Placement; sessions?: Sessions; approvals?: Approvals } = {};
  const runtime: RuntimeDeps = {
    clock: own, ids, nodes, placeOf: () => ({ allowedDirs: [] }), nodesReady: () => Promise.resolve(),
    revisionOf: () => ({ program: "p", config: "c", prompt: "q", skills: "s", memory: "m" }),
    models: {
      resolveModel: async () => ({ info: { contextTokens: 100_000 } }),
      streamModel: (_: string, request: Omit<ModelRequest, "model">, signal: AbortSignal) =>
        speak(schedule, name, request, options.modelFails, signal),
    } as unknown as RuntimeDeps["models"],
    tools: createTools(TOOLS),
    intents: createIntents({
      nodes, reattachWaitMs: REATTACH_WAIT_MS,
      actuators: {
        memory: async ({ intent, invocationId, label }: IntentOrder) => {
          await memory.remember("main", invocationId, String(intent.params["text"]), label);
          return { remembered: true };
        },
        sessions: (order: IntentOrder, signal: AbortSignal) => (late.sessions as Sessions).act(order, signal),
      } as unknown as Parameters<typeof createIntents>[0]["actuators"],
    }),
    gate: createGate({ localNodeConfined: () => true, yesLocal: () => options.yesLocal }),
    get approvals() {
      if (late.approvals === undefined) throw new Error("approvals are not open yet");
      return late.approvals;
    },
    agentOf: (id) => ({ id, name: "Test", instructions: "", model: "test/test", workspace: "/w" }),
  };
  const recovered = Promise.withResolvers<void>();
  const sessions = (late.sessions = openSessions({
    journal, runtime, records, clock: own, ids, logger, index: createSessionIndex({ records, vault, clock: own, log: logger }),
    words: createSearchIndex({ records, vault, journal, clock: own, log: logger, isOn: () => false }),
    recovered: () => recovered.promise,
    placement: () => late.placement as Placement,
    modelOf: () => "test/test",
    delegation: {
      agents: { get: (id) => ({ id, timeoutMs: 600_000 }) },
      limits: () => ({ maxConcurrent: 8, maxChildrenPerAgent: 5, maxSpawnDepth: 5 }),
      visibility: () => "agent",
      allowAgents: () => [],
    },
    publish: (_, event) => {
      if (!life.dead) options.onLive(event);
    },
    onChanged: () => undefined,
    onDeleted: (sessionKey) => (late.approvals as Approvals).forget(sessionKey),
    config: () => ({ ...SESSIONS_DEFAULTS, turnsWaitingMax: 50, messageBytesMax: 10_000, liveMax: 100, dormantAfterMs: 20_000 }),
  }));
  late.approvals = await openApprovals({
    records, clock: own, ids, log: logger, onChanged: () => undefined,
    seal: (belongsTo, bytes) => tenantKey.seal(belongsTo, bytes),
    unseal: (belongsTo, bytes) => tenantKey.unseal(belongsTo, bytes),
    deliver: (answer) =>
      sessions.answer(answer.sessionKey, { approvalId: answer.id, decision: answer.decision ?? "expired", by: answer.by }, OWNER),
  });
  const { approvals } = late;
  const placement = (late.placement = openPlacement({
    engine, owner: name, clock: own, ids, log: logger, peek: journal.peek,
    onWork: sessions.onWork, onOwnEvent: sessions.onOwnEvent, onLost: sessions.onLost,
    onTouched: sessions.onTouched, derived: sessions.derived,
    onDamaged: () => options.onMistake(`${name}: an entry is damaged`),
  }));
  void placement.recover().then(() => recovered.resolve(), () => undefined);

  return {
    name, sessions, journal, vault, nodes, approvals, loaded, runtime,
    get dead() {
      return life.dead;
    },
    succeed: () => void placement.recover().catch(() => undefined),
    close: async () => {
      await placement.checkpoint().catch(() => undefined);
      await sessions[Symbol.asyncDispose]();
      await placement[Symbol.asyncDispose]();
      await approvals[Symbol.asyncDispose]();
      await nodes[Symbol.asyncDispose]();
      life.dead = true;
      link.crash();
    },
  };
}

/** Codes the world may bring about; whatever else is logged as an error is the program's own mistake. */
const WORLDLY = /"code":"(?:ENGINE_UNAVAILABLE|FENCED|CLOSED|CONFLICT|GATEWAY_STOPPING|KEY_DESTROYED)"/;

function isMistake(line: string): boolean {
  return !WORLDLY.test(line) && !/ENGINE_UNAVAILABLE|FENCED|GATEWAY_STOPPING|KEY_DESTROYED|CLOSED/.test(line);
}

/** The timers of a dead process never ring. */
function mortalClock(clock: VirtualClock, life: { readonly dead: boolean }): RuntimeDeps["clock"] {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    wait: (ms, signal) => clock.wait(ms, signal).then(() => (life.dead ? new Promise<never>(() => undefined) : undefined)),
    after: (ms, run) => clock.after(ms, () => {
      if (!life.dead) run();
    }),
  };
}

const face = (name: string) => ({
  name, summary: `Does ${name}.`,
  args: { type: "object", additionalProperties: false, required: ["what"], properties: { what: { type: "string" } } },
}) as const;

/** Whom agents speak to. */
const TOLD = "agent:main:b";

const TOOLS: readonly Tool[] = [
  {
    ...face("act"), effect: "unsafe",
    propose: (args) => {
      const { what } = args as { readonly what: string };
      return {
        actuator: "node", effect: "unsafe", command: "system.run", target: { command: "system.run" },
        params: { command: ["act", what] }, summary: what,
      };
    },
    present: (payload) => ({ text: (payload as { readonly stdout: string }).stdout, isError: false }),
  },
  {
    ...face("keep"), effect: "idempotent",
    propose: (args) => {
      const { what } = args as { readonly what: string };
      return { actuator: "memory", effect: "idempotent", action: "remember", params: { text: what }, summary: `remember ${what}` };
    },
  },
  ...(["spawn", "ask"] as const).map((name): Tool => ({
    ...face(name), effect: "idempotent",
    propose: (args) => {
      const { what } = args as { readonly what: string };
      const params = { task: `${name === "ask" ? "act" : "think"} ${name}ed-${what}`, label: what, wait: name === "ask" };
      return { actuator: "sessions", effect: "idempotent", action: "spawn", params, summary: `${name} ${what}` };
    },
    present: (payload) => ({ text: (payload as { readonly status: string }).status, isError: false }),
  })),
  {
    ...face("tell"), effect: "idempotent",
    propose: (args) => {
      const { what } = args as { readonly what: string };
      const params = { sessionKey: TOLD, message: `say told-${what}` };
      return { actuator: "sessions", effect: "idempotent", action: "send", params, summary: `tell ${what}` };
    },
    present: (payload) => ({ text: (payload as { readonly status: string }).status, isError: false }),
  },
  {
    ...face("think"), effect: "none",
    async *run(args) {
      yield { type: "result", text: `thought of ${(args as { readonly what: string }).what}` };
    },
  },
];

/**
 * `act`, `keep`, `think`, `spawn`, `ask` or `tell X` calls that tool; `both X` calls two in one answer; `wrong X` one that is not there;
 * anything else is echoed. After results it says what came back.
 */
async function* speak(
  schedule: SeededSchedule, name: string, { messages }: Omit<ModelRequest, "model">, fails: number, signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const usage = { inputTokens: 1, outputTokens: 1 };
  await schedule.turn(`${name} hears from the model`);
  if (signal.aborted) return yield { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted." };
  if (schedule.chance(fails)) return yield { type: "error", code: "MODEL_UNAVAILABLE", why: "It is not at home." };
  const last = messages.at(-1);
  const [verb = "", what = ""] = (last?.role === "user" ? last.text : "").split(" ");
  const names = { both: ["act", "think"], wrong: ["unheard-of"] }[verb] ?? (TOOLS.some((tool) => tool.name === verb) ? [verb] : undefined);
  if (names !== undefined) {
    const calls = names.map((called, at) => ({ id: `c${at}`, name: called, arguments: JSON.stringify({ what }) }));
    return yield { type: "end", finish: "tools", calls, usage };
  }
  const text = last?.role === "tool" ? `then: ${last.text}` : `echo: ${last?.text ?? ""}`;
  for (const word of text.split(/(?<= )/)) {
    if (schedule.chance(0.3)) await schedule.turn(`${name} hears a word`);
    if (signal.aborted) return yield { type: "error", code: "MODEL_UNAVAILABLE", why: "The call was aborted." };
    yield { type: "text", delta: word };
  }
  yield { type: "end", finish: "stop", calls: [], usage };
}
