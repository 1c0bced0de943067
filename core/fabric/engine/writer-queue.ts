/**
 * The main thread's side of the writer: collects operations into groups, posts them, and settles each caller when its
 * group is on the disk.
 *
 * Two groups are under way at most: one being written and one ready behind it. All else waits here, so that many callers
 * share one commit. The thread keeps the process alive only while something is under way.
 *
 * A group holds what many sessions do, and each goes on when it is told. They are told in the order of commits, some in each turn of
 * the event loop, for all of them together would keep it for tens of milliseconds.
 */
import { Worker } from "node:worker_threads";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { TurnShare } from "../../base/turn-share.ts";
import type { WriterAnswer, WriterDone, WriterGroup, WriterOp, WriterOptions } from "./writer-protocol.ts";

const GROUPS_UNDER_WAY_MAX = 2;
const GROUP_BYTES_MAX = 8_388_608;
/** Beyond these, callers get BACKPRESSURE instead of memory. */
const OPS_WAITING_MAX = 16_384;
const BYTES_WAITING_MAX = 67_108_864;
/** Callers told in one turn of the event loop, and the time they and what they do next may take. */
const TOLD_PER_TURN = { budgetMs: 4, most: 64 } as const;
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 4, stackSizeMb: 2 };

interface Waiting {
  readonly op: WriterOp;
  readonly bytes: number;
  readonly onDone: (done: WriterDone) => void;
  readonly resolve: (done: WriterDone) => void;
  readonly reject: (error: Error) => void;
}

interface Settled {
  readonly waiting: Waiting;
  readonly result: WriterAnswer["results"][number] | undefined;
}

export interface WriterQueueDeps {
  readonly options: WriterOptions;
  readonly clock: Clock;
  /** Tombstones every watch has passed, asked for each group. */
  readonly passed: () => number;
  /** Called before the results of a group in which another program's writes were noticed. */
  readonly onForeign: () => void;
  /** What the thread runs, if not the writer: for proving what happens when it dies. */
  readonly program?: URL;
}

export class WriterQueue {
  readonly #deps: WriterQueueDeps;
  #worker: Worker | undefined;
  #waiting: Waiting[] = [];
  readonly #underWay: Waiting[][] = [];
  #opsWaiting = 0;
  #bytesWaiting = 0;
  #scheduled = false;
  #closed = false;
  #onIdle: (() => void)[] = [];
  readonly #share: TurnShare;
  /** Whose group is on the disk, and who has not been told. */
  #settled: Settled[] = [];
  #told = 0;
  #telling = false;

  constructor(deps: WriterQueueDeps) {
    this.#deps = deps;
    this.#share = new TurnShare(deps.clock, TOLD_PER_TURN);
    this.#worker = this.#start();
  }

  /**
   * Resolves when the operation is durable. `onDone` is called just before, in the order of commits. Rejects with the
   * writer's verdict, with BACKPRESSURE or CLOSED at once, or with ENGINE_UNAVAILABLE when the writer died on it.
   */
  submit(op: WriterOp, bytes: number, onDone: (done: WriterDone) => void = ignore): Promise<WriterDone> {
    if (this.#closed) return Promise.reject(new OpenClawError("CLOSED"));
    if (this.#opsWaiting >= OPS_WAITING_MAX || (this.#bytesWaiting > 0 && this.#bytesWaiting + bytes > BYTES_WAITING_MAX)) {
      return Promise.reject(new OpenClawError("BACKPRESSURE", { detail: { waiting: this.#opsWaiting, bytesWaiting: this.#bytesWaiting } }));
    }
    return new Promise((resolve, reject) => {
      this.#opsWaiting += 1;
      this.#bytesWaiting += bytes;
      this.#waiting.push({ op, bytes, onDone, resolve, reject });
      this.#schedule();
    });
  }

  /** Lets the thread open the database before the first operation needs it. The file must be there. */
  warm(): void {
    this.#send([]);
  }

  /** Ends the thread without asking it anything. */
  async abandon(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  /** Resolves once nothing waits. */
  async drain(): Promise<void> {
    if (this.#opsWaiting === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Writes what was accepted, then ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.drain();
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    await new Promise<void>((resolve) => {
      worker.once("exit", () => resolve());
      worker.postMessage("close");
    });
  }

  /** Callers of the same turn share a group: the post waits until all promises that can go on have gone on. */
  #schedule(): void {
    if (this.#scheduled || this.#underWay.length >= GROUPS_UNDER_WAY_MAX) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.#post();
    });
  }

  #post(): void {
    while (this.#waiting.length > 0 && this.#underWay.length < GROUPS_UNDER_WAY_MAX) {
      this.#send(this.#takeGroup());
    }
  }

  #send(group: Waiting[]): void {
    this.#worker ??= this.#start();
    if (this.#underWay.length === 0) this.#worker.ref();
    this.#underWay.push(group);
    const message: WriterGroup = { ops: group.map(({ op }) => op), nowMs: this.#deps.clock.now(), passed: this.#deps.passed() };
    this.#worker.postMessage(message);
  }

  #takeGroup(): Waiting[] {
    const { batchRows } = this.#deps.options;
    let rows = 0;
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      rows += rowsOf(waiting.op, batchRows);
      bytes += waiting.bytes;
      if (count > 0 && (rows > batchRows || bytes > GROUP_BYTES_MAX)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #answered({ results, foreign }: WriterAnswer): void {
    const group = this.#underWay.shift() ?? [];
    if (foreign) this.#deps.onForeign();
    group.forEach((waiting, index) => this.#settled.push({ waiting, result: results[index] }));
    // While closing, the wait for the thread's end must keep the process alive.
    if (this.#underWay.length === 0 && !this.#closed) this.#worker?.unref();
    this.#post();
    if (this.#telling) return;
    this.#telling = true;
    this.#tell();
  }

  readonly #tell = (): void => {
    this.#share.take(this.#tellOne);
    this.#telling = this.#told < this.#settled.length;
    if (this.#telling) return void setImmediate(this.#tell);
    this.#settled = [];
    this.#told = 0;
    this.#tellIdle();
  };

  readonly #tellOne = (): boolean => {
    const next = this.#settled[this.#told];
    if (next === undefined) return false;
    this.#told += 1;
    const { waiting, result } = next;
    this.#left(waiting);
    if (result === undefined) waiting.reject(new OpenClawError("ENGINE_UNAVAILABLE"));
    else if ("code" in result) waiting.reject(new OpenClawError(result.code, result.why === undefined ? {} : { why: result.why }));
    else {
      waiting.onDone(result);
      waiting.resolve(result);
    }
    return true;
  };

  /** What was under way may be on the disk or not; what was not yet posted goes to a new thread. */
  #died(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const waiting of this.#underWay.splice(0).flat()) {
      this.#left(waiting);
      waiting.reject(new OpenClawError("ENGINE_UNAVAILABLE", { why: "The writer ended unexpectedly.", cause }));
    }
    if (this.#waiting.length > 0) this.#schedule();
    this.#tellIdle();
  }

  #left(waiting: Waiting): void {
    this.#opsWaiting -= 1;
    this.#bytesWaiting -= waiting.bytes;
  }

  #tellIdle(): void {
    if (this.#opsWaiting > 0) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }

  #start(): Worker {
    const worker = new Worker(this.#deps.program ?? new URL("./sqlite-writer.ts", import.meta.url), {
      name: "engine-writer", workerData: this.#deps.options, resourceLimits: RESOURCE_LIMITS, execArgv: [],
    });
    worker.on("message", (answer: WriterAnswer) => this.#answered(answer));
    worker.on("error", (error) => this.#died(worker, error));
    worker.on("exit", (code) => this.#died(worker, new Error(`exit code ${code}`)));
    worker.unref();
    return worker;
  }
}

function rowsOf(op: WriterOp, batchRows: number): number {
  if (op.op === "append") return op.bodies.length;
  return op.op === "trim" ? batchRows : 1;
}

function ignore(): void {}
