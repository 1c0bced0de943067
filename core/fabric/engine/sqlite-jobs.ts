/**
 * The writer's part of the queues: each operation inside the transaction of its group. Imports nothing that costs time.
 *
 * An operation is refused before it has written anything.
 */
import type { JobOp, WriterDone } from "./writer-protocol.ts";

type Value = string | number | null | Uint8Array;

export interface SqliteJobsDeps {
  run(sql: string, ...values: Value[]): number;
  get(sql: string, ...values: (string | number)[]): Record<string, unknown> | undefined;
  /** A number above every one before it. */
  position(): number;
  /** Throws what becomes BACKPRESSURE. */
  refuse(): never;
}

/** The place in `seen` where ids of jobs are kept: no slot has it. */
const NO_SLOT = -1;
/** A clock that went back by more than this was set. */
const SET_BACK_MS = 5_000;

export class SqliteJobs {
  readonly #deps: SqliteJobsDeps;
  #newestMs = 0;

  constructor(deps: SqliteJobsDeps) {
    this.#deps = deps;
  }

  apply(op: JobOp, nowMs: number): WriterDone {
    this.#followClock(nowMs);
    switch (op.op) {
      case "enqueue": return this.#enqueue(op, nowMs);
      case "take": return this.#take(op.queue, op.id);
      case "settle": return this.#settle(op, nowMs);
      case "requeue": return changed(this.#deps.run("UPDATE jobs SET state = 0, interrupted = 1 WHERE state = 1"));
      case "discard": return changed(this.#deps.run("DELETE FROM jobs WHERE queue = ? AND id = ? AND state = 2", op.queue, op.id));
      case "revive":
        return changed(this.#deps.run(
          `UPDATE jobs SET state = 0, attempts = 0, interrupted = 0, set_ms = ?, due_ms = ?, code = NULL, note = NULL, dead_ms = NULL,
            dead_at = NULL WHERE queue = ? AND id = ? AND state = 2`,
          nowMs, nowMs, op.queue, op.id,
        ));
    }
  }

  #enqueue(op: Extract<JobOp, { op: "enqueue" }>, nowMs: number): WriterDone {
    const { run, get, position, refuse } = this.#deps;
    const { queue, id, body, delayMs, jobsMax, bytesMax, dead } = op;
    const key = `${queue}/${id}`;
    const known = get("SELECT 1 FROM jobs WHERE queue = ? AND id = ?", queue, id) ??
      get("SELECT 1 FROM seen WHERE slot = ? AND id = ?", NO_SLOT, key);
    if (known !== undefined) return { value: 0, count: 0, duplicate: true };
    const depth = get("SELECT jobs, dead, bytes FROM queue_depths WHERE queue = ?", queue);
    const [rows, bytes] = [Number(depth?.[dead === null ? "jobs" : "dead"] ?? 0), Number(depth?.["bytes"] ?? 0)];
    if (rows >= jobsMax || bytes + body.byteLength > bytesMax) refuse();
    run(
      `INSERT INTO jobs (queue, id, state, attempts, interrupted, came_ms, set_ms, due_ms, body, code, note, dead_ms, dead_at)
        VALUES (?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?)`,
      queue, id, dead === null ? 0 : 2, nowMs, nowMs, nowMs + delayMs, body,
      ...(dead === null ? [null, null, null, null] : [dead.code, dead.note, nowMs, position()]),
    );
    run("INSERT INTO seen (slot, id, first, count, at_ms) VALUES (?, ?, 0, 0, ?)", NO_SLOT, key, nowMs);
    return changed(1);
  }

  #take(queue: string, id: string): WriterDone {
    const row = this.#deps.get("SELECT attempts, interrupted FROM jobs WHERE queue = ? AND id = ? AND state = 0", queue, id);
    if (row === undefined) return changed(0);
    const attempt = Number(row["attempts"]) + 1;
    this.#deps.run("UPDATE jobs SET state = 1, attempts = ? WHERE queue = ? AND id = ?", attempt, queue, id);
    return { value: attempt, count: Number(row["interrupted"]), duplicate: false };
  }

  #settle({ queue, id, attempt, settlement }: Extract<JobOp, { op: "settle" }>, nowMs: number): WriterDone {
    const { run, position } = this.#deps;
    const its = "WHERE queue = ? AND id = ? AND state = 1 AND attempts = ?";
    switch (settlement.end) {
      case "done": return changed(run(`DELETE FROM jobs ${its}`, queue, id, attempt));
      case "again":
        return changed(run(
          `UPDATE jobs SET state = 0, interrupted = ?, attempts = ?, set_ms = ?, due_ms = ? ${its}`,
          Number(settlement.interrupted), settlement.attempts, nowMs, nowMs + settlement.delayMs, queue, id, attempt,
        ));
      case "dead":
        return changed(run(
          `UPDATE jobs SET state = 2, code = ?, note = ?, dead_ms = ?, dead_at = ? ${its}`,
          settlement.code, settlement.note, nowMs, position(), queue, id, attempt,
        ));
    }
  }

  /** A delay is a delay: where the clock was set back, what waits keeps waiting as long as it was told, and no longer. */
  #followClock(nowMs: number): void {
    if (nowMs < this.#newestMs - SET_BACK_MS || this.#newestMs === 0) {
      this.#deps.run(
        "UPDATE jobs SET due_ms = ? + due_ms - set_ms, set_ms = ? WHERE state = 0 AND set_ms > ?", nowMs, nowMs, nowMs + SET_BACK_MS,
      );
      this.#newestMs = nowMs;
    }
    this.#newestMs = Math.max(this.#newestMs, nowMs);
  }
}

function changed(count: number): WriterDone {
  return { value: 0, count, duplicate: false };
}
