/**
 * The durable index of what waits for a person's answer.
 *
 * An approval lives in two places. The session's log holds the wait itself; this index holds what people are shown, sealed.
 * An answer goes through three states, each durable before the next: *waiting*, *answering* (which answer is fixed from
 * here on, so a crash can not turn an allow into a deny), and *settled* once the session has been offered the answer. What
 * is found answering at a start is offered again; the session takes the first and knows repeats by the approval's id.
 */
import { OpenClawError, codeOf, hasCode } from "@openclaw/protocol";
import type { RecordEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { assert } from "../../base/assert.ts";
import {
  APPROVAL_LIMITS, boundArgv, type ApprovalDecision, type ApprovalEnding, type ApprovalOpening, type ApprovalStatus,
  type StoredApproval,
} from "./approval.ts";
import type { Approvals, ApprovalsDeps } from "./approvals-port.ts";
import { awaitEnding, wake, type Waiters } from "./await-ending.ts";
import {
  presentListed, presentPast, presentRequest, presentShown, presentSummary, type ApprovalListed, type ApprovalPast, type ApprovalShown,
  type ApprovalSummary,
} from "./present-approval.ts";

const BUCKET = "approvals";
const PAGE_ROWS = 256;
const SAVE_TRIES_MAX = 4;

interface Held {
  approval: StoredApproval;
  revision: number;
  /** Changes of one approval happen one after another. */
  turn: Promise<unknown>;
  timer: { close(): void } | undefined;
  retryMs: number;
  /** Woken once, when it has ended. */
  readonly waiters: Waiters;
}

/** Reads the index, offers again what was being answered, and starts the clocks of what waits. Throws STATE_DAMAGED. */
export async function openApprovals(deps: ApprovalsDeps): Promise<Approvals> {
  const index = new ApprovalIndex(deps);
  await index.load();
  return index;
}

class ApprovalIndex implements Approvals {
  readonly #deps: ApprovalsDeps;
  readonly #held = new Map<string, Held>();
  #closed = false;

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    const { clock } = this.#deps;
    for (let after = ""; ; ) {
      const page = await this.#readPage(after);
      for (const { key, value, revision } of page) {
        const approval = await this.#unseal(key, value);
        this.#held.set(key, {
          approval, revision, turn: Promise.resolve(), timer: undefined, retryMs: APPROVAL_LIMITS.retryFirstMs, waiters: new Set(),
        });
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key;
    }
    await this.#prune();
    for (const [id, held] of this.#held) {
      if (held.approval.state === "waiting") this.#expireAt(id, held);
      else if (held.approval.state === "answering") held.timer = clock.after(0, () => void this.#offerAgain(id, held));
    }
  }

  /** A start should not fail because one answer of the store was lost. */
  async #readPage(after: string): Promise<readonly RecordEntry[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#deps.records.list(BUCKET, "", after === "" ? { limit: PAGE_ROWS } : { after, limit: PAGE_ROWS });
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE") || tries >= SAVE_TRIES_MAX) throw error;
      }
    }
  }

  async open(opening: ApprovalOpening): Promise<ApprovalListed> {
    assert(!this.#closed, "approvals are closed");
    const { clock, ids } = this.#deps;
    const id = opening.id ?? ids.sortable(clock.now());
    const known = this.#held.get(id);
    if (known !== undefined) {
      await this.#inTurn(known, () => this.#reopen(known));
      if (known.approval.state === "waiting") this.#expireAt(id, known);
      return presentListed(known.approval);
    }
    if (this.list().length >= APPROVAL_LIMITS.waitingMax) throw new OpenClawError(
      "BACKPRESSURE", { why: "Too many approvals wait for an answer.", next: "Run: openclaw approvals list" }
    );
    const createdAtMs = opening.createdAtMs ?? clock.now();
    const approval: StoredApproval = {
      v: 1, id, sessionKey: opening.sessionKey, agentId: opening.agentId, runId: opening.runId, stepId: opening.stepId,
      toolCallId: opening.toolCallId ?? null, intentHash: opening.intentHash, summary: opening.summary.slice(0, APPROVAL_LIMITS.textChars),
      commandArgv: boundArgv(opening.commandArgv), cwd: opening.cwd ?? null, nodeId: opening.nodeId ?? null,
      nodeName: opening.nodeName ?? null,
      localNode: opening.localNode ?? false, reason: opening.reason, rule: opening.rule, labels: opening.labels,
      remember: opening.remember ?? "exact",
      allowedDecisions: opening.allowedDecisions ?? ["allow-once", "allow-always", "deny"], createdAtMs,
      expiresAtMs: opening.expiresAtMs ?? createdAtMs + APPROVAL_LIMITS.lifetimeMs,
      ...(opening.desk === undefined ? {} : { desk: opening.desk }), ...(opening.asked === undefined ? {} : { asked: opening.asked }),
      state: "waiting", status: "pending", decision: null, resolvedBy: null, resolvedAtMs: null,
    };
    const held: Held = {
      approval, revision: 0, turn: Promise.resolve(), timer: undefined, retryMs: APPROVAL_LIMITS.retryFirstMs, waiters: new Set(),
    };
    this.#held.set(id, held);
    try {
      await this.#inTurn(held, () => this.#save(held, approval));
    } catch (error) {
      if (held.revision === 0) {
        this.#held.delete(id);
        throw error;
      }
      if (held.approval.state === "waiting") this.#expireAt(id, held);
      return presentListed(held.approval); // it was opened before, under this id, by another gateway
    }
    crashPoint("approval.opened");
    this.#expireAt(id, held);
    this.#deps.onChanged("exec.approval.requested", { approvalKind: "exec", ...presentListed(approval) });
    return presentListed(approval);
  }

  list(): readonly ApprovalListed[] {
    return [...this.#held.values()]
      .filter(({ approval, revision }) => approval.state === "waiting" && revision > 0)
      .sort((a, b) => a.approval.createdAtMs - b.approval.createdAtMs)
      .map(({ approval }) => presentListed(approval));
  }

  past(limit: number): readonly ApprovalPast[] {
    return [...this.#held.values()].map(({ approval }) => presentPast(approval)).filter((past) => past !== null)
      .sort((a, b) => b.resolvedAtMs - a.resolvedAtMs).slice(0, limit);
  }

  get(id: string): ApprovalSummary {
    return presentSummary(this.#find(id).approval);
  }

  show(id: string): { readonly approval: ApprovalShown } {
    return { approval: presentShown(this.#find(id).approval) };
  }

  async resolve(id: string, decision: ApprovalDecision, by: string): Promise<void> {
    const held = this.#find(id);
    await this.#inTurn(held, async () => {
      const { approval } = held;
      if (approval.state !== "waiting") {
        if (approval.decision !== decision) throw alreadyResolved(approval);
      } else if (!approval.allowedDecisions.includes(decision)) {
        throw new OpenClawError(
          "PARAMS_INVALID", { why: `This approval allows: ${approval.allowedDecisions.join(", ")}.`, detail: { id } }
        );
      } else {
        await this.#fix(held, decision === "deny" ? "denied" : "allowed", decision, by);
      }
      await this.#offer(id, held);
    });
  }

  async ended(id: string, signal: AbortSignal): Promise<ApprovalEnding> {
    const held = this.#find(id);
    const isOver = (): boolean => held.approval.state !== "waiting" || this.#closed || this.#held.get(id) !== held;
    await awaitEnding(held.waiters, isOver, signal);
    const { decision, createdAtMs, expiresAtMs } = held.approval;
    return { id, decision, createdAtMs, expiresAtMs };
  }

  askedByClient(id: string): StoredApproval | null {
    const { approval } = this.#find(id);
    return approval.desk === "client" ? approval : null;
  }

  async spend(id: string): Promise<void> {
    const held = this.#find(id);
    await this.#inTurn(held, async () => {
      const { approval } = held;
      if (approval.decision !== "allow-once") return;
      if (approval.spentAtMs !== undefined) throw new OpenClawError("APPROVAL_SPENT", { detail: { id } });
      await this.#save(held, { ...approval, spentAtMs: this.#deps.clock.now() });
    });
  }

  async expire(id: string): Promise<void> {
    const held = this.#find(id);
    await this.#inTurn(held, async () => {
      if (held.approval.state !== "waiting") return;
      await this.#fix(held, "expired", null, "clock");
      await this.#offer(id, held);
    });
  }

  async cancel(id: string): Promise<void> {
    const held = this.#held.get(id);
    if (held === undefined) return;
    await this.#inTurn(held, async () => {
      if (held.approval.state !== "waiting") return;
      await this.#save(held, { ...held.approval, state: "settled", status: "cancelled", resolvedAtMs: this.#deps.clock.now() });
      this.#announce(held);
    });
  }

  async forget(sessionKey: string): Promise<void> {
    for (const [id, held] of this.#held) {
      if (held.approval.sessionKey !== sessionKey) continue;
      await this.#inTurn(held, () => this.#drop(id, held, true));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const held of this.#held.values()) {
      held.timer?.close();
      wake(held.waiters);
    }
    await Promise.allSettled([...this.#held.values()].map(({ turn }) => turn));
  }

  /** Whoever opens it again is waiting for it: what was taken back, by a gateway that was stopping, waits once more. */
  async #reopen(held: Held): Promise<void> {
    if (held.approval.status !== "cancelled") return;
    await this.#save(held, { ...held.approval, state: "waiting", status: "pending", resolvedAtMs: null });
    this.#deps.onChanged("exec.approval.requested", { approvalKind: "exec", ...presentListed(held.approval) });
  }

  #find(id: string): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw new OpenClawError("APPROVAL_NOT_FOUND", { detail: { reason: "APPROVAL_NOT_FOUND", id } });
    return held;
  }

  /** From here on the answer is this one, whatever happens. */
  async #fix(held: Held, status: ApprovalStatus, decision: ApprovalDecision | null, by: string): Promise<void> {
    await this.#save(
      held, { ...held.approval, state: "answering", status, decision, resolvedBy: by, resolvedAtMs: this.#deps.clock.now() }
    );
    wake(held.waiters);
    crashPoint("approval.answered");
  }

  /** Does nothing when it is settled already. Throws what `deliver` throws, after arranging the next attempt. */
  async #offer(id: string, held: Held): Promise<void> {
    const { approval } = held;
    if (approval.state !== "answering") return;
    const { sessionKey, runId, stepId, intentHash, decision, desk = "session" } = approval;
    try {
      await this.#deps.deliver({ id, sessionKey, runId, stepId, intentHash, decision, by: approval.resolvedBy ?? "clock", desk });
      crashPoint("approval.delivered");
      await this.#save(held, { ...approval, state: "settled" });
    } catch (error) {
      this.#deps.log.warn("approval.delivery_failed", { id, code: codeOf(error) ?? "INTERNAL" });
      held.timer?.close();
      if (!this.#closed) held.timer = this.#deps.clock.after(held.retryMs, () => void this.#offerAgain(id, held));
      held.retryMs = Math.min(held.retryMs * 2, APPROVAL_LIMITS.retryLastMs);
      throw error;
    }
    this.#announce(held);
    await this.#prune();
  }

  async #offerAgain(id: string, held: Held): Promise<void> {
    await this.#inTurn(held, () => this.#offer(id, held)).catch(() => undefined); // logged, and the next attempt is arranged
  }

  #expireAt(id: string, held: Held): void {
    held.timer?.close();
    held.timer = this.#deps.clock.after(Math.max(0, held.approval.expiresAtMs - this.#deps.clock.now()), () => {
      void this.expire(id).catch((error: unknown) => {
        this.#deps.log.warn("approval.expiry_failed", { id, code: codeOf(error) ?? "INTERNAL" });
        if (held.approval.state === "waiting" && !this.#closed) held.timer = this.#deps.clock.after(
          APPROVAL_LIMITS.retryLastMs, () => this.#expireAt(id, held)
        );
      });
    });
  }

  #announce(held: Held): void {
    held.timer?.close();
    wake(held.waiters);
    const { id, decision, resolvedBy, resolvedAtMs } = held.approval;
    this.#deps.onChanged("exec.approval.resolved", { id, decision, resolvedBy, ts: resolvedAtMs, request: presentRequest(held.approval) });
  }

  #inTurn<T>(held: Held, work: () => Promise<T>): Promise<T> {
    const next = held.turn.then(work, work);
    held.turn = next.catch(() => undefined);
    return next;
  }

  /** After an unsure write it looks what is stored: its own value counts as written, another's is taken over and thrown about. */
  async #save(held: Held, approval: StoredApproval): Promise<void> {
    const { records, seal } = this.#deps;
    const plain = JSON.stringify(approval);
    for (let tries = 1; ; tries += 1) {
      try {
        held.revision = await records.write(BUCKET, approval.id, await seal(`${BUCKET}/${approval.id}`, Buffer.from(plain)), held.revision);
        break;
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE") && !hasCode(error, "CONFLICT")) throw error;
        const present = await records.get(BUCKET, approval.id);
        if ((present?.revision ?? 0) === held.revision) {
          if (tries < SAVE_TRIES_MAX) continue; // nothing was written
          throw error;
        }
        if (present === null) throw error;
        held.revision = present.revision;
        held.approval = await this.#unseal(approval.id, present.value);
        if (JSON.stringify(held.approval) === plain) break;
        throw error;
      }
    }
    held.approval = approval;
  }

  async #unseal(id: string, sealed: Uint8Array): Promise<StoredApproval> {
    return JSON.parse(Buffer.from(await this.#deps.unseal(`${BUCKET}/${id}`, sealed)).toString("utf8")) as StoredApproval;
  }

  /**
   * After an unsure write it looks what is stored: where nothing is, it is done. What another gateway changed meanwhile is
   * taken over and thrown about, unless it has to go whatever it says now.
   */
  async #drop(id: string, held: Held, whatever = false): Promise<void> {
    held.timer?.close();
    if (this.#held.get(id) !== held) return;
    const { records } = this.#deps;
    for (let tries = 1; ; tries += 1) {
      try {
        await records.write(BUCKET, id, null, held.revision);
        break;
      } catch (error) {
        if (!hasCode(error, "ENGINE_UNAVAILABLE") && !hasCode(error, "CONFLICT")) throw error;
        const present = await records.get(BUCKET, id);
        if (present === null) break;
        const isOurs = present.revision === held.revision;
        held.revision = present.revision;
        if (!isOurs && !whatever) held.approval = await this.#unseal(id, present.value);
        if (tries >= SAVE_TRIES_MAX || (!isOurs && !whatever)) throw error;
      }
    }
    this.#held.delete(id);
    wake(held.waiters);
  }

  /** Lets go of settled approvals that are old, or too many. */
  async #prune(): Promise<void> {
    const settled = [...this.#held].filter(([, held]) => held.approval.state === "settled");
    const oldestKeptMs = this.#deps.clock.now() - APPROVAL_LIMITS.settledKeptMs;
    const over = settled.length - APPROVAL_LIMITS.settledMax;
    settled.sort(([, a], [, b]) => (a.approval.resolvedAtMs ?? 0) - (b.approval.resolvedAtMs ?? 0));
    for (const [position, [id, held]] of settled.entries()) {
      if (position >= over && (held.approval.resolvedAtMs ?? 0) >= oldestKeptMs) break;
      await this.#drop(id, held).catch(
        (error: unknown) => this.#deps.log.warn("approval.prune_failed", { id, code: codeOf(error) ?? "INTERNAL" })
      );
    }
  }
}

function alreadyResolved(approval: StoredApproval): OpenClawError {
  return new OpenClawError("APPROVAL_ALREADY_RESOLVED", {
    why: approval.decision === null ? `It is ${approval.status}.` : `The answer was ${approval.decision}.`,
    detail: {
      reason: "APPROVAL_ALREADY_RESOLVED", id: approval.id, status: approval.status,
      ...(approval.decision === null ? {} : { decision: approval.decision }),
    },
  });
}
