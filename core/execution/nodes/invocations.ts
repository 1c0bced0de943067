/**
 * Invocations under way, and what may happen to them.
 *
 *     invoke ─► sent ─► output … ─► result ─► end
 *                │ connection lost, journal ─► away ─► node back ─► attaching ─► running: output goes on from the offset
 *                │                               │                            ├► finished: the result comes again
 *                │                               │                            ├► unknown: sent again, same id, unless it is to stop
 *                │                               └► not back in time          └► fenced: end
 *                └ connection lost, no journal ─► end
 *
 * Stopping: its node is told to end it, and what the node then says is the end; without an answer the outcome is unknown.
 * Exactly one end reaches the caller. A node is heard only about its own invocations, and only until their end.
 */
import {
  codeOf, hasCode, NODE_JOURNAL_CAP, type ErrorCode, type InvokeAttachedParams, type InvokeProgressParams, type InvokeRequestEvent,
  type InvokeResultParams,
} from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Artifacts } from "./artifacts.ts";
import { Invocation } from "./invocation.ts";
import {
  NODE_TIMING, type InvokeEnd, type InvokeEvent, type InvokeRequest, type LateResult, type ReattachRequest,
} from "./invoke-event.ts";
import type { KnownNode, KnownNodes, LiveNode } from "./known-nodes.ts";
import { parseResult } from "./parse-result.ts";
import { agentOf, isRun, paramsToSend, runIdOf, type ExecWish } from "./run-params.ts";

const LIMITS = { invocations: 8_192, unheard: 1_000, givenUp: 1_000, runs: 1_000, runKnownMs: 300_000 } as const;

export interface InvocationsDeps {
  readonly nodes: KnownNodes;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly reattachWaitMs: number;
  readonly execWish: (agentId: string | undefined) => ExecWish;
  readonly onLateResult: (late: LateResult) => void;
}

const NOT_BEGUN = "It was cancelled before it began.";
const TAKEN = { ok: true } as const;
const IGNORED = { ok: true, ignored: true } as const;

export class Invocations {
  readonly #deps: InvocationsDeps;
  readonly #live = new Map<string, Invocation>();
  /** By node: what waits for it to come back. */
  readonly #away = new Map<string, Set<Invocation>>();
  /** By node: acknowledgements and cancellations it was not there to hear. */
  readonly #unheard = new Map<string, { readonly event: string; readonly payload: unknown }[]>();
  /** Ended as OUTCOME_UNKNOWN: their late results are worth telling. */
  readonly #givenUp = new Map<string, InvokeRequest>();
  /** By run id: which programs nodes may speak of in their own events. */
  readonly #runs = new Map<
    string, { readonly nodeId: string; readonly sessionKey: string | undefined; endedAtMs: number | undefined }
  >();
  #closed = false;

  constructor(deps: InvocationsDeps) {
    this.#deps = deps;
  }

  get(id: string): Invocation | undefined {
    return this.#live.get(id);
  }

  async *invoke(request: InvokeRequest, signal: AbortSignal): AsyncGenerator<InvokeEvent> {
    const invocation = this.#begin(request, 0, signal);
    if ("type" in invocation) return yield invocation;
    this.#startClock(invocation);
    this.#send(invocation);
    yield* this.#follow(invocation, signal);
  }

  async *reattach(request: ReattachRequest, waitMs: number, signal: AbortSignal): AsyncGenerator<InvokeEvent> {
    const invocation = this.#begin(request, request.offset, signal);
    if ("type" in invocation) return yield invocation;
    this.#waitForNode(invocation, waitMs);
    const node = this.#deps.nodes.get(request.nodeId);
    if (node?.live != null) this.#ask(invocation, node.live);
    yield* this.#follow(invocation, signal);
  }

  acknowledge(id: string, nodeId: string): void {
    this.#givenUp.delete(id);
    const live = this.#deps.nodes.get(nodeId)?.live;
    if (live == null || live.declared.caps.includes(NODE_JOURNAL_CAP)) this.#tell(nodeId, "node.invoke.ack", { id, nodeId });
  }

  /** Does this node speak of a run it was given, lately enough? */
  isRunOf(nodeId: string, runId: unknown, sessionKey: unknown): boolean {
    const run = typeof runId === "string" ? this.#runs.get(runId) : undefined;
    if (run?.nodeId !== nodeId || (run.sessionKey !== undefined && run.sessionKey !== sessionKey)) return false;
    return run.endedAtMs === undefined || this.#deps.clock.monotonic() - run.endedAtMs < LIMITS.runKnownMs;
  }

  #noteRun(request: InvokeRequest): void {
    const oldest = this.#runs.keys().next().value;
    if (this.#runs.size >= LIMITS.runs && oldest !== undefined) this.#runs.delete(oldest);
    const { nodeId, sessionKey } = request;
    this.#runs.set(runIdOf(request), { nodeId, sessionKey, endedAtMs: undefined });
  }

  // ── what a node says ───────────────────────────────────────────────────────────────────────────────────────────────

  progress(nodeId: string, params: InvokeProgressParams): object {
    const invocation = this.#ownedBy(nodeId, params.invokeId, params.nodeId, "progress");
    return invocation !== undefined && invocation.phase !== "waiting" && invocation.output.accept(params) ? TAKEN : IGNORED;
  }

  attached(nodeId: string, { id, nodeId: claimed, state }: InvokeAttachedParams): object {
    const invocation = this.#ownedBy(nodeId, id, claimed, "attached");
    if (invocation?.phase !== "attaching") return IGNORED;
    if (state === "fenced") {
      this.#fail(invocation, "NODE_FENCED", "Another gateway has taken over this session.");
    } else if (state === "unknown") {
      // Output was seen, so the node did have it: sending it again would run it twice.
      const begun = invocation.output.shown > 0 && invocation.effect === "unsafe";
      if (!begun && invocation.stopping !== undefined) this.#fail(invocation, "TURN_STOPPED", NOT_BEGUN);
      else if (begun) this.#fail(invocation, "OUTCOME_UNKNOWN", "The node has forgotten a command that had begun.");
      else this.#send(invocation);
    } else {
      if (state === "running") this.#stopWaiting(invocation); // a finished one must still deliver its result in time
      invocation.phase = "sent";
      this.#startClock(invocation);
    }
    return TAKEN;
  }

  result(nodeId: string, params: InvokeResultParams): object {
    const late = this.#givenUp.get(params.id);
    if (late?.nodeId === nodeId && params.nodeId === nodeId && !this.#live.has(params.id)) {
      this.#givenUp.delete(params.id);
      const parsed = parseResult(late.command, params);
      this.#deps.log.info("node.result_late", { nodeId, id: params.id, ok: parsed.ok });
      const payload = parsed.ok ? parsed.payload : { code: parsed.code, why: parsed.why };
      this.#deps.onLateResult({ id: params.id, nodeId, sessionKey: late.sessionKey ?? null, ok: parsed.ok, payload });
      return TAKEN;
    }
    const invocation = this.#ownedBy(nodeId, params.id, params.nodeId, "result");
    if (invocation === undefined || invocation.phase === "waiting" || invocation.phase === "away") return IGNORED;
    if (params.ok !== true && params.error?.code === "NODE_NOT_READY" && invocation.refusals < NODE_TIMING.notReadyRetriesMax) {
      this.#sendLater(invocation);
      return TAKEN;
    }
    const parsed = parseResult(invocation.request.command, params);
    if (!parsed.ok) {
      this.#fail(
        invocation, parsed.code, parsed.why,
        { dispatched: true, ...(parsed.nodeError === undefined ? {} : { nodeError: parsed.nodeError }) }
      );
    } else {
      const wrong = this.#deps.artifacts.checkResult(invocation, parsed.payload);
      if (wrong !== undefined) this.#fail(invocation, "NODE_REPLY_INVALID", wrong, { dispatched: true });
      else this.#end(invocation, { type: "end", ok: true, payload: parsed.payload, nodeId });
    }
    return TAKEN;
  }

  /** What a node sent as a result does not even have a result's form. */
  resultMalformed(nodeId: string, id: unknown, text: string): void {
    const invocation = typeof id === "string" ? this.#live.get(id) : undefined;
    if (invocation?.request.nodeId !== nodeId || invocation.phase !== "sent") return;
    this.#fail(invocation, "NODE_REPLY_INVALID", text, { dispatched: true });
  }

  // ── a node's connection ────────────────────────────────────────────────────────────────────────────────────────────

  connected({ record: { nodeId }, live }: KnownNode): void {
    if (live === null) return;
    const unheard = this.#unheard.get(nodeId) ?? [];
    this.#unheard.delete(nodeId);
    for (const { event, payload } of unheard) this.#tell(nodeId, event, payload);
    for (const invocation of this.#away.get(nodeId) ?? []) this.#ask(invocation, live);
  }

  /** `forGood`: the node was removed, nobody waits for it. */
  disconnected(live: LiveNode, forGood: boolean): void {
    for (const invocation of [...live.running]) {
      live.running.delete(invocation);
      this.#deps.artifacts.drop(invocation.request.id);
      if (invocation.journalled && !forGood) {
        invocation.retry?.close();
        this.#waitForNode(invocation, this.#deps.reattachWaitMs);
      } else {
        this.#fail(invocation, "NODE_LOST", forGood ? "It was removed." : "Its connection was lost.", { dispatched: true });
      }
    }
    if (!forGood) return;
    this.#unheard.delete(live.link.nodeId);
    for (const invocation of [...(this.#away.get(live.link.nodeId) ?? [])]) this.#fail(invocation, "NODE_LOST", "It was removed.");
  }

  /** Every caller gets its end; nothing is cancelled on the nodes, for the next gateway attaches to it again. */
  close(): void {
    this.#closed = true;
    for (const invocation of [...this.#live.values()]) this.#fail(invocation, "GATEWAY_STOPPING", "The command goes on at its node.");
  }

  // ── moving from phase to phase ─────────────────────────────────────────────────────────────────────────────────────

  #begin(request: InvokeRequest, offset: number, signal: AbortSignal): Invocation | InvokeEnd {
    const { id, nodeId } = request;
    const detail = { dispatched: false };
    const refuse = (code: ErrorCode, why: string): InvokeEnd => ({ type: "end", ok: false, code, why, nodeId, detail });
    if (this.#closed) return refuse("GATEWAY_STOPPING", "Nothing new is started.");
    // What an earlier gateway began is asked after even so: it has to be ended where it runs.
    const isStop = hasCode(signal.reason, "TURN_STOPPED") && "offset" in request;
    if (signal.aborted && !isStop) return refuse(abortCode(signal), NOT_BEGUN);
    if (this.#live.has(id)) return refuse("CONFLICT", "An invocation of this id is under way.");
    if (this.#live.size >= LIMITS.invocations) return refuse("BACKPRESSURE", "Too many commands are under way.");
    const invocation = new Invocation(request, offset);
    this.#givenUp.delete(id);
    this.#live.set(id, invocation);
    return invocation;
  }

  async *#follow(invocation: Invocation, signal: AbortSignal): AsyncGenerator<InvokeEvent> {
    const onAbort = (): void => (hasCode(signal.reason, "TURN_STOPPED") ? this.#stop(invocation) : this.#abandon(invocation, signal));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      yield* invocation.output.events();
    } finally {
      signal.removeEventListener("abort", onAbort);
      if (invocation.phase !== "ended") this.#abandon(invocation, signal); // the reader left before the end
    }
  }

  #send(invocation: Invocation): void {
    const { id, nodeId, command, sessionKey, fence } = invocation.request;
    const node = this.#deps.nodes.get(nodeId);
    if (node === undefined) return this.#fail(invocation, "NODE_UNKNOWN", `No node has the id ${nodeId}.`, { dispatched: false });
    const { live, record } = node;
    if (live === null) return this.#fail(invocation, "NODE_OFFLINE", `"${record.displayName}" is not connected.`, { dispatched: false });
    if (!live.usable.has(command)) {
      const lack = live.declared.commands.includes(command) ? "was not approved for" : "does not offer";
      const why = `"${record.displayName}" ${lack} ${command}.`;
      return this.#fail(invocation, "NODE_COMMAND_NOT_ALLOWED", why, { dispatched: false, command, approved: record.approved !== null });
    }
    invocation.journalled = invocation.canBeFound(live.declared.caps);
    this.#stopWaiting(invocation);
    // Another make of node takes the wish with its plan, and refuses a run that carries it.
    const ours = live.declared.caps.includes(NODE_JOURNAL_CAP);
    const wish = ours ? this.#deps.execWish(agentOf(sessionKey)) : {};
    const frame: InvokeRequestEvent = {
      id, nodeId, command, paramsJSON: JSON.stringify(paramsToSend(invocation.request, wish)),
      idempotencyKey: id,
      timeoutMs: this.#startClock(invocation),
      ...(sessionKey === undefined ? {} : { sessionKey }),
      ...(invocation.journalled ? fence : undefined),
      ...(invocation.journalled && invocation.effect !== "unsafe" ? { repeatable: true as const } : {}),
    };
    invocation.phase = "sent";
    invocation.output.restartCount();
    live.running.add(invocation);
    if (isRun(command)) this.#noteRun(invocation.request);
    const sent = live.link.send("node.invoke.request", frame);
    crashPoint("intent.sent");
    if (sent) return;
    this.#fail(invocation, "NODE_OFFLINE", `"${record.displayName}" takes no more at the moment.`, { dispatched: false });
  }

  /** The node said that it had not begun: asking again is safe. */
  #sendLater(invocation: Invocation): void {
    invocation.refusals += 1;
    invocation.phase = "waiting";
    this.#deps.nodes.get(invocation.request.nodeId)?.live?.running.delete(invocation);
    invocation.retry = this.#deps.clock.after(NODE_TIMING.notReadyStepMs * invocation.refusals, () => {
      if (invocation.phase === "waiting") this.#send(invocation);
    });
  }

  #waitForNode(invocation: Invocation, waitMs: number): void {
    const { nodeId } = invocation.request;
    invocation.phase = "away";
    const away = this.#away.get(nodeId) ?? new Set();
    this.#away.set(nodeId, away.add(invocation));
    invocation.patience ??= this.#deps.clock.after(waitMs, () => {
      if (invocation.effect === "unsafe") this.#fail(invocation, "OUTCOME_UNKNOWN", "The node did not come back in time.");
      else this.#fail(invocation, "NODE_LOST", "It did not come back in time.");
    });
  }

  /** Asks a node that is back what became of the invocation; one without a journal can not know. */
  #ask(invocation: Invocation, live: LiveNode): void {
    const { id, nodeId, fence } = invocation.request;
    if (!invocation.canBeFound(live.declared.caps) || fence === undefined) {
      if (invocation.effect === "unsafe") this.#fail(invocation, "OUTCOME_UNKNOWN", "This node keeps no journal to ask.");
      else if (invocation.stopping !== undefined) this.#fail(invocation, "TURN_STOPPED", "It only read.");
      else this.#send(invocation);
      return;
    }
    this.#away.get(nodeId)?.delete(invocation);
    invocation.journalled = true;
    invocation.phase = "attaching";
    invocation.output.restartCount();
    live.running.add(invocation);
    live.link.send("node.invoke.attach", { id, nodeId, ...fence, offset: invocation.output.shown });
  }

  #stopWaiting(invocation: Invocation): void {
    const { nodeId } = invocation.request;
    const away = this.#away.get(nodeId);
    if (away?.delete(invocation) === true && away.size === 0) this.#away.delete(nodeId);
    invocation.patience?.close();
    invocation.patience = undefined;
  }

  /** Milliseconds the node has left. Time that was over while the node was away is given anew, as long as the grace. */
  #startClock(invocation: Invocation): number {
    const { clock } = this.#deps;
    const now = clock.monotonic();
    const full = (invocation.request.timeoutMs ?? NODE_TIMING.timeoutMs) + NODE_TIMING.graceMs;
    const leftMs = invocation.deadlineMs === null ? full : Math.max(NODE_TIMING.graceMs + 1, invocation.deadlineMs - now);
    if (invocation.deadlineMs !== now + leftMs) {
      invocation.deadline?.close();
      invocation.deadlineMs = now + leftMs;
      invocation.deadline = clock.after(leftMs, () => this.#late(invocation));
    }
    return Math.max(1, Math.round(leftMs - NODE_TIMING.graceMs));
  }

  #late(invocation: Invocation): void {
    if (invocation.phase === "away" || invocation.phase === "attaching") return; // the wait for the node has its own end
    this.#cancel(invocation);
    this.#fail(invocation, "COMMAND_TIMEOUT", "The node sent no result in time.", { dispatched: true });
  }

  /** Tells the node to end it and goes on listening: what it had done by then is worth knowing. */
  #stop(invocation: Invocation): void {
    if (invocation.stopping !== undefined || invocation.phase === "ended") return;
    if (invocation.phase === "waiting") return this.#fail(invocation, "TURN_STOPPED", NOT_BEGUN, { dispatched: false });
    invocation.stopping = this.#deps.clock.after(NODE_TIMING.stopWaitMs, () => {
      const why = "The node did not say in time what became of it after it was told to end it.";
      this.#fail(invocation, invocation.effect === "unsafe" ? "OUTCOME_UNKNOWN" : "TURN_STOPPED", why, { dispatched: true });
    });
    this.#cancel(invocation);
  }

  /** Ends the command on its node too, unless the reason is that this gateway is going and another one will attach. */
  #abandon(invocation: Invocation, signal: AbortSignal): void {
    const code = abortCode(signal);
    const goesOn = signal.aborted && (["GATEWAY_STOPPING", "FENCED", "CLOSED"] as const).some((gone) => hasCode(signal.reason, gone));
    if (!goesOn) this.#cancel(invocation);
    this.#fail(invocation, code, "It was cancelled.", { dispatched: true });
  }

  #cancel({ request: { id, nodeId } }: Invocation): void {
    this.#tell(nodeId, "node.invoke.cancel", { invokeId: id, nodeId });
  }

  /** Now, or when the node comes back. */
  #tell(nodeId: string, event: string, payload: unknown): void {
    const node = this.#deps.nodes.get(nodeId);
    if (node === undefined || node.live?.link.send(event, payload) === true) return;
    const unheard = this.#unheard.get(nodeId) ?? [];
    this.#unheard.set(nodeId, unheard);
    if (unheard.length < LIMITS.unheard) unheard.push({ event, payload });
  }

  #fail(invocation: Invocation, code: ErrorCode, why: string, detail?: Readonly<Record<string, unknown>>): void {
    const { request } = invocation;
    if (code === "OUTCOME_UNKNOWN" && invocation.phase !== "ended") {
      const oldest = this.#givenUp.keys().next().value;
      if (this.#givenUp.size >= LIMITS.givenUp && oldest !== undefined) this.#givenUp.delete(oldest);
      this.#givenUp.set(request.id, request);
    }
    this.#end(invocation, { type: "end", ok: false, code, why, nodeId: request.nodeId, ...(detail === undefined ? {} : { detail }) });
  }

  #end(invocation: Invocation, event: InvokeEnd): void {
    if (invocation.phase === "ended") return;
    const { id, nodeId } = invocation.request;
    this.#stopWaiting(invocation);
    invocation.phase = "ended";
    invocation.closeTimers();
    this.#live.delete(id);
    const run = this.#runs.get(runIdOf(invocation.request));
    if (run !== undefined) run.endedAtMs = this.#deps.clock.monotonic();
    this.#deps.nodes.get(nodeId)?.live?.running.delete(invocation);
    this.#deps.artifacts.drop(id);
    invocation.output.end(event);
  }

  /** The invocation, if it is this node's to speak of. */
  #ownedBy(nodeId: string, id: string, claimed: string, what: string): Invocation | undefined {
    const invocation = this.#live.get(id);
    if (invocation === undefined) return undefined;
    if (invocation.request.nodeId === nodeId && claimed === nodeId) return invocation;
    this.#deps.log.warn("node.answer_foreign", { nodeId, claimed, owner: invocation.request.nodeId, id, what });
    return undefined;
  }
}

function abortCode(signal: AbortSignal): ErrorCode {
  return codeOf(signal.reason) ?? "TOOL_FAILED";
}
