/**
 * The sessions in memory: loaded at first use, put to sleep when nobody uses them, dropped with their slot.
 *
 * A session that was let go is out of reach at that moment: whoever asks for it next gets one that is folded anew, so
 * nothing that comes in between is told to a session that no longer listens.
 */
import { hasCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { isIdle, weighState, type Journal, type SessionAddress, type SessionLog } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { SessionsConfig } from "./config.ts";
import type { Quarantine } from "./quarantine.ts";
import { STOPPED, type LiveSession } from "./live-session.ts";

export interface LiveSessions extends AsyncDisposable {
  /** Throws KEY_DESTROYED for a deleted one, SESSION_DAMAGED for one whose log does not verify, GATEWAY_STOPPING after disposal. */
  hold(address: SessionAddress): Promise<LiveSession>;
  /** Null for a session that was deleted or never existed: asking after one makes nothing. */
  holdExisting(address: SessionAddress): Promise<LiveSession | null>;
  /**
   * Resolves with what `look` first finds, asked again after every change of the session. Outlives the session's sleep:
   * rejects only when `signal` aborts, the session was deleted, or the gateway stops.
   */
  until<T>(address: SessionAddress, look: (session: LiveSession) => T | undefined, signal: AbortSignal): Promise<T>;
  get(token: string): LiveSession | undefined;
  all(): Iterable<LiveSession>;
  /** Lets go of it without ending anything, and writes its fold down. */
  letGo(session: LiveSession): Promise<void>;
  /** Lets go of one whose fold must not be written down. */
  drop(token: string): void;
  /** Lets go of every session of the slot, also of those being loaded. */
  dropSlot(slot: number): void;
  /** Its fold moved: what it takes is weighed anew. */
  moved(session: LiveSession): void;
  readonly size: number;
  /** About what all of them take. */
  readonly bytes: number;
}

export interface LiveSessionsDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: () => SessionsConfig;
  readonly create: (log: SessionLog) => LiveSession;
  readonly onLoaded: (session: LiveSession) => void;
  readonly quarantine: Quarantine;
  /** Many were put to sleep and nothing is under way: the moment to give memory back. */
  readonly onRest?: () => void;
}

/** One place in memory, taken from when loading begins. */
interface Place {
  readonly address: SessionAddress;
  readonly loading: Promise<LiveSession>;
  session: LiveSession | undefined;
  /** As it was weighed last. */
  bytes: number;
}

export const LIVE_LIMITS = {
  sweepMs: 15_000,
  /** A session used this lately is not put to sleep to make room. */
  justUsedMs: 250,
  /** Places looked at for one that can be put to sleep, each time room is wanted. */
  looks: 16,
  /** Memory is given back after so many were put to sleep, while no more than so many are left, so long after the last. */
  restAfter: 256,
  restBeside: 500,
  restMs: 1_000,
} as const;

export function openLiveSessions(deps: LiveSessionsDeps): LiveSessions {
  const { journal, clock, logger, config, create, onLoaded, quarantine, onRest } = deps;
  /** The longest unused first. */
  const places = new Map<string, Place>();
  let bytes = 0;
  /** Put to sleep since memory was given back last. */
  let slept = 0;
  let rest: { close(): void } | undefined;
  let sweep: { close(): void } | undefined;
  let closed = false;

  const hold = (address: SessionAddress): Promise<LiveSession> => {
    const present = places.get(address.token);
    if (present !== undefined) {
      if (present.session !== undefined) present.session.usedAtMs = clock.monotonic();
      toTheEnd(present);
      return present.loading;
    }
    if (closed) return Promise.reject(STOPPED);
    const { promise: loading, resolve, reject } = Promise.withResolvers<LiveSession>();
    const place: Place = { address, loading, session: undefined, bytes: 0 };
    places.set(address.token, place);
    load(place).then(resolve, reject);
    return loading;
  };

  const toTheEnd = (place: Place): void => {
    places.delete(place.address.token);
    places.set(place.address.token, place);
  };

  const remove = (token: string): void => {
    bytes -= places.get(token)?.bytes ?? 0;
    places.delete(token);
  };

  const weigh = (place: Place, { log: { state } }: LiveSession): void => {
    const now = weighState(state);
    bytes += now - place.bytes;
    place.bytes = now;
  };

  /** Makes room at once rather than with the next sweep: between two sweeps thousands may come. */
  const shed = (): void => {
    const { liveMax, liveBytesMax } = config();
    const isFull = (): boolean => places.size > liveMax || bytes > liveBytesMax;
    if (!isFull()) return;
    const now = clock.monotonic();
    let looks = 0;
    for (const place of places.values()) {
      if (!isFull() || (looks += 1) > LIVE_LIMITS.looks) return;
      const { session } = place;
      if (session === undefined || session.busy || !isIdle(session.log.state)) toTheEnd(place);
      else if (now - session.usedAtMs >= LIVE_LIMITS.justUsedMs) void letGo(session);
    }
  };

  const load = async (place: Place): Promise<LiveSession> => {
    const { address } = place;
    const isCurrent = (): boolean => places.get(address.token) === place;
    try {
      await quarantine.check(address);
      const log = await journal.load(address);
      // Dropped while it was loaded: what came in between may be missing from it.
      if (!isCurrent()) return await hold(address);
      const session = create(log);
      place.session = session;
      weigh(place, session);
      onLoaded(session);
      if (!closed) sweep ??= clock.after(LIVE_LIMITS.sweepMs, sweepDormant);
      shed();
      return session;
    } catch (error) {
      if (isCurrent()) remove(address.token);
      throw hasCode(error, "STATE_DAMAGED") ? quarantine.close(address, error) : error;
    }
  };

  const held = (): LiveSession[] => [...places.values()].flatMap(({ session }) => session ?? []);

  const letGo = async (session: LiveSession): Promise<void> => {
    const { token } = session.log.address;
    if (places.get(token)?.session === session) remove(token);
    slept += 1;
    await session.stop(STOPPED);
    await session.log.snapshot().catch((error: unknown) => logger.warn("snapshot.failed", { error }));
  };

  /** Puts unused sessions to sleep, the longest unused first. */
  const sweepDormant = (): void => {
    sweep = undefined;
    const { dormantAfterMs, liveMax } = config();
    const now = clock.monotonic();
    const idle = held().filter((session) => !session.busy && isIdle(session.log.state)).sort((a, b) => a.usedAtMs - b.usedAtMs);
    let excess = places.size - liveMax;
    for (const session of idle) {
      if (excess-- <= 0 && now - session.usedAtMs < dormantAfterMs) break;
      void letGo(session);
    }
    if (!closed && places.size > 0) sweep = clock.after(LIVE_LIMITS.sweepMs, sweepDormant);
    if (!closed && slept >= LIVE_LIMITS.restAfter && places.size <= LIVE_LIMITS.restBeside) {
      rest ??= clock.after(LIVE_LIMITS.restMs, giveBack);
    }
  };

  const giveBack = (): void => {
    rest = undefined;
    if (held().some((session) => session.busy)) return; // after another sweep
    slept = 0;
    onRest?.();
  };

  return {
    hold,
    holdExisting: async (address) => {
      try {
        return places.has(address.token) || (await journal.exists(address)) ? await hold(address) : null;
      } catch (error) {
        if (hasCode(error, "KEY_DESTROYED")) return null;
        throw error;
      }
    },
    until: async (address, look, signal) => {
      for (;;) {
        const session = await hold(address);
        const found = look(session);
        if (found !== undefined) return found;
        await session.changed(signal).catch((error: unknown) => {
          if (closed || signal.aborted || !hasCode(error, "GATEWAY_STOPPING")) throw error;
        });
      }
    },
    get: (token) => places.get(token)?.session,
    all: held,
    letGo,
    drop: (token) => {
      const place = places.get(token);
      remove(token);
      void place?.session?.stop(STOPPED);
    },
    dropSlot: (slot) => {
      for (const [token, { address, session }] of places) {
        if (address.slot !== slot) continue;
        remove(token);
        // Fenced, it winds down by itself; its fold is not written down, for somebody else's is newer.
        void session?.stop(STOPPED);
      }
    },
    moved: (session) => {
      const place = places.get(session.log.address.token);
      if (place?.session !== session) return;
      weigh(place, session);
      shed();
    },
    get size() {
      return places.size;
    },
    get bytes() {
      return bytes;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      sweep?.close();
      rest?.close();
      await Promise.all([...places.values()].map(({ loading }) => loading.then(letGo, () => undefined)));
    },
  };
}
