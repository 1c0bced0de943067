/**
 * Any engine, with everything the contract allows to go wrong.
 *
 * Numbers have holes, claims are superseded at random, answers get lost before and after the work was done, watches come
 * late and coalesced, bus frames vanish, done jobs come again, and an id of the log is forgotten the moment the window
 * allows it. Code that passes on top of this does not lean on one machine's kindness. For one seed and one order of calls
 * the faults are the same.
 */
import { OpenClawError } from "@openclaw/protocol";
import {
  ENGINE_LIMITS,
  type Blobs,
  type Claim,
  type Engine,
  type Queues,
  type RecordChange,
  type Records,
  type SlotLog,
  type Topics,
} from "@openclaw/sdk";
import { seededRandom } from "./virtual-clock.ts";

/** Chances in [0, 1]. */
export interface FaultRates {
  /** ENGINE_UNAVAILABLE, nothing was done. */
  readonly before: number;
  /** ENGINE_UNAVAILABLE, it was done. */
  readonly after: number;
  /** An append or trim finds its claim superseded. */
  readonly fence: number;
  /** A change is held back, and may be overtaken by a newer one of its key. */
  readonly watch: number;
  /** A published frame vanishes; a request finds nobody. */
  readonly frame: number;
  /** A job that was done is delivered once more. */
  readonly repeat: number;
}

export interface FaultOptions {
  readonly seed?: number;
  /** In place of a seed. */
  readonly random?: () => number;
  readonly rates?: Partial<FaultRates>;
  /** With a clock, ids are forgotten as early as the window allows; without one, never. */
  readonly clock?: { now(): number };
}

export const FAULT_RATES: FaultRates = { before: 0.05, after: 0.05, fence: 0.03, watch: 0.5, frame: 0.1, repeat: 0.1 };

/** Disposing disposes the wrapped engine. Claims of the wrapped engine are not claims of this one. */
export function withFaults(engine: Engine, options: FaultOptions = {}): Engine {
  const chance = options.random ?? seededRandom(options.seed ?? 1);
  const rates: FaultRates = { ...FAULT_RATES, ...options.rates };
  const happens = (rate: number): boolean => chance() < rate;

  const lossy = async <T>(run: () => Promise<T>): Promise<T> => {
    const [before, after] = [happens(rates.before), happens(rates.after)];
    if (before) throw new OpenClawError("ENGINE_UNAVAILABLE", { why: "Fault: before." });
    const result = await run();
    if (after) throw new OpenClawError("ENGINE_UNAVAILABLE", { why: "Fault: after." });
    return result;
  };

  return {
    log: faultyLog(engine.log, { lossy, fences: () => happens(rates.fence), names: new Forgetful(options.clock) }),
    records: faultyRecords(engine.records, lossy, () => (happens(rates.watch) ? 1 + Math.floor(chance() * 8) : 0)),
    bus: faultyBus(engine.bus, () => happens(rates.frame)),
    queues: faultyQueues(engine.queues, lossy, () => happens(rates.repeat)),
    blobs: faultyBlobs(engine.blobs, lossy),
    drain: () => engine.drain(),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

type Lossy = <T>(run: () => Promise<T>) => Promise<T>;

function faultyLog(
  log: SlotLog,
  { lossy, fences, names }: { readonly lossy: Lossy; readonly fences: () => boolean; readonly names: Forgetful },
): SlotLog {
  const inner = (claim: Claim): Claim => ({ ...claim, epoch: under(claim.epoch) ?? Number.MAX_SAFE_INTEGER });
  /** A rival claims and is never heard of again: from here the holder is truly fenced. */
  const perhapsFence = async (claim: Claim): Promise<void> => {
    if (fences()) await log.claim(claim.slot, "fault-rival");
  };
  return {
    offer: (offer) =>
      lossy(async () => {
        const { position, duplicate } = await log.offer({ ...offer, id: names.alias(`${offer.slot}`, offer.id) });
        return { position: over(position), duplicate };
      }),
    claim: (slot, owner) =>
      lossy(async () => {
        const claim = await log.claim(slot, owner);
        return { ...claim, epoch: over(claim.epoch) };
      }),
    release: (claim) => lossy(() => log.release(inner(claim))),
    append: (claim, session, bodies, id) =>
      lossy(async () => {
        await perhapsFence(claim);
        return (await log.append(inner(claim), session, bodies, names.alias(`${claim.slot}#`, id))).map(over);
      }),
    async *read(slot, after, signal) {
      for await (const entry of log.read(slot, floorUnder(after), signal))
        yield { ...entry, id: names.original(entry.id), position: over(entry.position) };
    },
    readSession: (slot, session, after, limit) =>
      lossy(async () => {
        const page = await log.readSession(slot, session, floorUnder(after), limit);
        return page.map((entry) => ({ ...entry, id: names.original(entry.id), position: over(entry.position) }));
      }),
    heads: () => lossy(async () => new Map([...(await log.heads())].map(([slot, position]) => [slot, over(position)]))),
    trim: (claim, upTo, session) =>
      lossy(async () => {
        await perhapsFence(claim);
        await log.trim(inner(claim), floorUnder(upTo), session);
      }),
  };
}

function faultyRecords(records: Records, lossy: Lossy, turnsLate: () => number): Records {
  const outer = <T extends { readonly revision: number }>(item: T): T => ({ ...item, revision: over(item.revision) });
  return {
    get: (bucket, key) =>
      lossy(async () => {
        const entry = await records.get(bucket, key);
        return entry === null ? null : outer(entry);
      }),
    write: (bucket, key, value, expected) =>
      lossy(async () => over(await records.write(bucket, key, value, under(expected) ?? Number.MAX_SAFE_INTEGER))),
    list: (bucket, prefix, options) => lossy(async () => (await records.list(bucket, prefix, options)).map(outer)),
    watch: (bucket, prefix, signal) => late(records, { bucket, prefix, signal }, turnsLate, outer),
  };
}

/** Holds changes back for some turns of the event loop; a newer one of the same key takes the older one's place. */
async function* late(
  records: Records,
  { bucket, prefix, signal }: { readonly bucket: string; readonly prefix: string; readonly signal: AbortSignal },
  turnsLate: () => number,
  outer: (change: RecordChange) => RecordChange,
): AsyncGenerator<RecordChange, void, undefined> {
  const held = new Map<string, RecordChange>();
  const left = new AbortController();
  let ended = false;
  let failure: unknown;
  let news: (() => void) | undefined;
  const following = (async () => {
    try {
      for await (const change of records.watch(bucket, prefix, AbortSignal.any([signal, left.signal]))) {
        held.delete(change.key);
        held.set(change.key, change);
        news?.();
      }
    } catch (error) {
      failure = error;
    }
    ended = true;
    news?.();
  })();
  try {
    for (;;) {
      if (signal.aborted) return;
      const [first] = held.values();
      if (first !== undefined) {
        for (let turns = turnsLate(); turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
        const newest = held.get(first.key) ?? first;
        held.delete(first.key);
        yield outer(newest);
      } else if (ended) {
        if (failure !== undefined) throw failure;
        return;
      } else {
        await new Promise<void>((resolve) => (news = resolve));
      }
    }
  } finally {
    left.abort();
    await following;
  }
}

function faultyBus(bus: Topics, lost: () => boolean): Topics {
  return {
    publish: (topic, frame) => bus.publish(topic, frame),
    subscribe: (pattern, on, options) =>
      bus.subscribe(
        pattern,
        (topic, frame) => {
          if (!lost()) on(topic, frame);
        },
        options,
      ),
    request: async (topic, frame, signal) => {
      if (lost()) throw new OpenClawError("ENGINE_UNAVAILABLE", { why: "Fault: nobody found." });
      return await bus.request(topic, frame, signal);
    },
    serve: (topic, on) => bus.serve(topic, on),
  };
}

function faultyQueues(queues: Queues, lossy: Lossy, repeats: () => boolean): Queues {
  return {
    enqueue: (queue, job, options) => lossy(() => queues.enqueue(queue, job, options)),
    work: (queue, on, options) =>
      queues.work(
        queue,
        async (job, signal) => {
          const verdict = await on(job, signal);
          return (verdict === undefined || verdict.end === "done") && repeats() ? { end: "again", afterMs: 0, counted: false } : verdict;
        },
        options,
      ),
    depth: (queue) => lossy(() => queues.depth(queue)),
    depths: () => lossy(() => queues.depths()),
    dead: (queue, options) => lossy(() => queues.dead(queue, options)),
    revive: (queue, id) => lossy(() => queues.revive(queue, id)),
    discard: (queue, id) => lossy(() => queues.discard(queue, id)),
  };
}

function faultyBlobs(blobs: Blobs, lossy: Lossy): Blobs {
  return {
    put: async (data, options) => {
      // A stream can be read only once: a fault before it is read would leave the caller nothing to try again with.
      const info = await blobs.put(data, options);
      return data instanceof Uint8Array ? lossy(async () => info) : info;
    },
    get: (digest, signal) => blobs.get(digest, signal),
    stat: (digest) => lossy(() => blobs.stat(digest)),
    delete: (digest) => lossy(() => blobs.delete(digest)),
  };
}

// ── numbers with holes: a rising map, so that order is kept, and no two neighbours are one apart ─────────────────────

const STRIDE = 7;

function over(inner: number): number {
  return inner === 0 ? 0 : inner * STRIDE + ((inner * 5) % 6);
}

/** The number that `outer` stands for, or undefined when it stands for none. */
function under(outer: number): number | undefined {
  const inner = floorUnder(outer);
  return over(inner) === outer ? inner : undefined;
}

/** The largest number whose outer form is not above `outer`. */
function floorUnder(outer: number): number {
  const inner = Math.floor(outer / STRIDE);
  return over(inner) <= outer ? inner : Math.max(0, inner - 1);
}

// ── ids, forgotten as soon as the window allows ──────────────────────────────────────────────────────────────────────

const AGAIN = /-again\d+(?=#|$)/;
const ALIAS_CHARS = 10;

/** Gives an id that comes back after the window another name underneath, so that the engine takes it for a new one. */
class Forgetful {
  readonly #clock: { now(): number } | undefined;
  readonly #known = new Map<string, { readonly sinceMs: number; readonly times: number }>();

  constructor(clock: { now(): number } | undefined) {
    this.#clock = clock;
  }

  alias(scope: string, id: string): string {
    if (this.#clock === undefined || id.length > 64 - ALIAS_CHARS) return id;
    const key = `${scope}/${id}`;
    const now = this.#clock.now();
    let known = this.#known.get(key) ?? { sinceMs: now, times: 0 };
    if (now - known.sinceMs > ENGINE_LIMITS.dedupeMs) known = { sinceMs: now, times: known.times + 1 };
    this.#known.set(key, known);
    return known.times === 0 ? id : `${id}-again${known.times}`;
  }

  original(id: string): string {
    return id.replace(AGAIN, "");
  }
}
