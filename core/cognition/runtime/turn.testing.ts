/**
 * One session and its turns over a real journal, gate and tool registry. The model says what the test has it say; nodes,
 * approvals and actuators write down what they are asked and answer at once.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { OpenClawError, type Label } from "@openclaw/protocol";
import type { Engine, ModelEvent, ModelRequest, Tool, ToolCall } from "@openclaw/sdk";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { systemIds } from "../../base/ids.ts";
import type { IntentEvent, IntentOrder } from "../../execution/intents.ts";
import { createGate, type ApprovalOpening } from "../../execution/policy.ts";
import { createTools } from "../../execution/tools.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { OWNER } from "../../fabric/identity.ts";
import { createJournal, type MessageOffer, type Recorded, type SessionLog, type SessionState } from "../../fabric/journal.ts";
import { openVault } from "../../fabric/vault.ts";
import type { LiveEvent } from "./live-event.ts";
import { runTurn } from "./run-turn.ts";
import type { RuntimeDeps, TurnSession } from "./turn-work.ts";

export const KEY = "agent:main:main";
export const USAGE = { inputTokens: 3, outputTokens: 5 };

/** What one model call brings; a function sees the request. */
export type Speech = readonly ModelEvent[] | ((request: Omit<ModelRequest, "model">, signal: AbortSignal) => AsyncIterable<ModelEvent>);

export const says = (text: string): Speech => [
  { type: "text", delta: text },
  { type: "end", finish: "stop", calls: [], usage: USAGE },
];
export const calls = (...made: readonly (readonly [name: string, args: unknown, id?: string])[]): Speech => [
  {
    type: "end",
    finish: "tools",
    usage: USAGE,
    calls: made.map(([name, args, id], at): ToolCall => ({
      id: id ?? `c${at + 1}`,
      name,
      arguments: typeof args === "string" ? args : JSON.stringify(args),
    })),
  },
];

export interface Bench {
  readonly clock: VirtualClock;
  readonly deps: RuntimeDeps;
  readonly state: SessionState;
  /** A test may put another `append` in its place. */
  readonly log: { append: SessionLog["append"]; readonly blobs: SessionLog["blobs"] };
  readonly engine: Engine;
  readonly live: LiveEvent[];
  readonly orders: IntentOrder[];
  readonly asked: ApprovalOpening[];
  readonly requests: Omit<ModelRequest, "model">[];
  /** What a person says, as the log shows it. */
  offer(text: string, more?: Partial<MessageOffer> & { readonly label?: Label }): Promise<void>;
  /** The answer to the approval that waits. */
  answer(decision: "allow-once" | "allow-always" | "deny"): Promise<void>;
  abort(): Promise<void>;
  /** Runs one turn with these answers of the model, one for each call; the last one again when they run out. */
  run(...speeches: readonly Speech[]): Promise<boolean>;
  runUntil(signal: AbortSignal, ...speeches: readonly Speech[]): Promise<boolean>;
  /** Another owner goes on; the one before let the slot go, or died with it. */
  nextOwner(how: "released" | "died"): Promise<void>;
  /** Offers and runs. */
  say(text: string, ...speeches: readonly Speech[]): Promise<void>;
  /** Everything recorded, opened. */
  recorded(): Promise<readonly Recorded[]>;
  /** The results of tools in the transcript. */
  results(): readonly { readonly text: string; readonly isError: boolean; readonly label: Label }[];
}

export interface BenchOptions {
  readonly tools?: readonly Tool[];
  readonly local?: boolean;
  readonly yesLocal?: boolean;
  /** What an actuator or node answers. */
  readonly outcome?: (order: IntentOrder) => IntentEvent;
  /** The same, where it takes time and can be stopped. */
  readonly outcomes?: (order: IntentOrder, signal: AbortSignal) => Promise<IntentEvent>;
  readonly deps?: (deps: RuntimeDeps) => Partial<RuntimeDeps>;
}

export async function openBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const clock = new VirtualClock();
  const engine = await openMemoryEngine({ clock });
  const dir = await mkdtemp(join(tmpdir(), "turn-"));
  t.after(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "key"), ids: systemIds });
  const journal = createJournal({ engine, vault, clock, ids: systemIds });
  const address = journal.address(KEY);
  const claim = await engine.log.claim(address.slot, "here");
  const log = await journal.load(address);
  const live: LiveEvent[] = [];
  const orders: IntentOrder[] = [];
  const asked: ApprovalOpening[] = [];
  const requests: Omit<ModelRequest, "model">[] = [];
  const waiters = new Set<() => void>();
  let script: Speech[] = [];
  let offers = 0;
  let owners = 0;

  const show = async (): Promise<void> => {
    for (const entry of await engine.log.readSession(address.slot, address.token, log.state.position)) log.receive(entry);
    for (const wake of [...waiters]) wake();
  };
  const session: TurnSession = {
    log,
    claim,
    publish: (event) => live.push(event),
    changed: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        const wake = (): void => {
          waiters.delete(wake);
          resolve();
        };
        waiters.add(wake);
        signal.addEventListener(
          "abort",
          () => {
            waiters.delete(wake);
            reject(signal.reason as Error);
          },
          { once: true },
        );
      }),
  };
  async function* act(order: IntentOrder, signal: AbortSignal): AsyncGenerator<IntentEvent> {
    orders.push(order);
    if (options.outcomes !== undefined) return yield await options.outcomes(order, signal);
    yield options.outcome?.(order) ?? { type: "end", ok: true, payload: "done" };
  }
  async function* speak(request: Omit<ModelRequest, "model">, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    requests.push(request);
    const speech = script.length > 1 ? script.shift() : script[0];
    yield* typeof speech === "function" ? speech(request, signal) : (speech ?? []);
  }
  const node = { nodeId: "node-1", displayName: "box", local: options.local ?? true, by: "local", candidates: 1 };
  const base = {
    clock,
    ids: systemIds,
    placeOf: () => ({ allowedDirs: ["/w"], cwd: "/w" }),
    nodesReady: () => Promise.resolve(),
    revisionOf: () => ({ program: "p", config: "c", prompt: "q", skills: "s", memory: "m" }),
    models: {
      resolveModel: async () => ({ info: { contextTokens: 100_000 } }),
      streamModel: (_: string, request: Omit<ModelRequest, "model">, signal: AbortSignal) => speak(request, signal),
    },
    tools: createTools(options.tools ?? []),
    intents: { carryOut: act, resume: act, acknowledge: () => undefined },
    nodes: {
      choose: ({ node: wanted }: { readonly node?: string }) => {
        if (wanted === "nowhere") throw new OpenClawError("NODE_UNKNOWN", { why: "Nodes: box." });
        return node;
      },
      describe: () => node,
      plan: async () => null,
    },
    gate: createGate({ localNodeConfined: () => true, yesLocal: () => options.yesLocal ?? false }),
    approvals: { open: async (opening: ApprovalOpening) => void asked.push(opening), cancel: async () => undefined },
    agentOf: () => ({ id: "main", name: "Test", instructions: "", model: "test/test", workspace: "/w" }),
  } as unknown as RuntimeDeps;
  const deps: RuntimeDeps = { ...base, ...options.deps?.(base) };

  const bench: Bench = {
    clock,
    deps,
    state: log.state,
    log,
    engine,
    live,
    orders,
    asked,
    requests,
    offer: async (text, { label, ...more } = {}) => {
      const body = { sessionKey: KEY, agentId: "main", runId: `run-${++offers}`, text, channel: "cli", ...more };
      const offered = { type: "message.offered" as const, id: body.runId, body, principal: OWNER };
      await journal.offer(address, label === undefined ? offered : { ...offered, label });
      await show();
    },
    answer: async (decision) => {
      const approvalId = asked.at(-1)?.id ?? "";
      await journal.offer(address, {
        type: "approval.answered",
        id: approvalId,
        body: { approvalId, decision, by: "owner" },
        principal: OWNER,
      });
      await show();
    },
    abort: async () => {
      await journal.offer(address, { type: "abort.requested", id: systemIds.uuid(), body: { runId: null, by: "owner" }, principal: OWNER });
      await show();
    },
    run: (...speeches) => bench.runUntil(new AbortController().signal, ...speeches),
    runUntil: async (signal, ...speeches) => {
      script = [...speeches];
      return await runTurn(session, deps, signal);
    },
    nextOwner: async (how) => {
      if (how === "released") await engine.log.release(session.claim);
      Object.assign(session, { claim: await engine.log.claim(address.slot, `owner-${++owners}`) });
    },
    say: async (text, ...speeches) => {
      await bench.offer(text);
      await bench.run(...speeches);
    },
    recorded: () => log.read(0, 10_000),
    results: () =>
      log.state.messages.flatMap(({ content, label }) =>
        content.role === "tool" ? [{ text: content.text, isError: content.isError, label }] : [],
      ),
  };
  return bench;
}

/** Lets what can happen without time happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}
