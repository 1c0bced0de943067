/**
 * Which calls are worth making now.
 *
 * What fails is remembered by credential, model and kind of failure, so that one model's trouble says nothing of another's: a
 * model that is asked to slow down rests alone, only a refused key or a spent account rests all models of its credential. A
 * request that was refused for what it holds opens nothing. After its rest one call at a time is let through to try.
 */
import type { ErrorCode } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";

export const BREAKER_LIMITS = {
  /** Failures in a row, by kind, before calls are no longer made. A stated wait counts at once. */
  failures: { auth: 2, quota: 2, rate: 2, server: 3, silent: 2, garbled: 3 },
  /** The first rest; it doubles with each try that fails. */
  restFirstMs: { auth: 30_000, quota: 60_000, rate: 5_000, server: 5_000, silent: 15_000, garbled: 15_000 },
  restLastMs: 600_000,
  kept: 1_000,
} as const;

export type FailureKind = keyof typeof BREAKER_LIMITS.failures;

export interface Target {
  /** Provider, and profile where it has several. */
  readonly credential: string;
  /** `provider/model`. */
  readonly model: string;
  /** The provider's section of the configuration: where it changes, what was learned under the old one is forgotten. */
  readonly section: object;
}

export interface Failure {
  readonly code: ErrorCode;
  /** The provider's HTTP status, where it told one. */
  readonly status?: number;
  /** How long the provider asked to be left alone. */
  readonly retryAfterMs?: number;
}

/** A call that may be made. Exactly one of the three is said of it. */
export interface Ticket {
  succeeded(): void;
  failed(failure: Failure): void;
  /** Nobody waited for its end. */
  dropped(): void;
}

export interface Resting {
  readonly credential: string;
  /** `*` where every model of the credential rests. */
  readonly model: string;
  readonly kind: FailureKind;
  readonly code: ErrorCode;
  readonly failures: number;
  /** When it was first given a rest, of those without a success between them. */
  readonly sinceMs: number;
  /** When the next call is let through; in the past while one is on its way. */
  readonly nextTryAtMs: number;
  readonly trying: boolean;
}

export interface Breakers {
  /** A ticket, or why there is none. */
  ask(target: Target): Ticket | Resting;
  /** A new key is a new credential: what the old one was refused for is over. */
  keyChanged(credential: string): void;
  /** Everything that rests, soonest try first. */
  list(): readonly Resting[];
}

interface State {
  readonly credential: string;
  readonly model: string;
  readonly kind: FailureKind;
  section: object;
  code: ErrorCode;
  failures: number;
  /** Rests so far without a success between them. */
  rests: number;
  /** On the monotonic clock; undefined: closed. */
  openUntilMs: number | undefined;
  sinceMs: number;
  trying: boolean;
  /** Rises when it opens: a call that began before tells nothing new. */
  opened: number;
}

const OF_CREDENTIAL: ReadonlySet<FailureKind> = new Set(["auth", "quota"]);
const KINDS = Object.keys(BREAKER_LIMITS.failures) as readonly FailureKind[];

/** What a failure says of the next call; undefined: nothing. */
export function kindOf({ code, status }: Failure): FailureKind | undefined {
  switch (code) {
    case "MODEL_AUTH": return "auth";
    case "MODEL_RATE_LIMITED": return "rate";
    case "MODEL_UNAVAILABLE": return "server";
    case "MODEL_TIMEOUT": return "silent";
    case "MODEL_OUTPUT_INVALID": return "garbled";
    case "MODEL_REJECTED": return status === 402 || status === 429 ? "quota" : undefined;
    default: return undefined;
  }
}

/** Owns no timer; what it knows is forgotten with the process. */
export function createBreakers(clock: Clock): Breakers {
  const states = new Map<string, State>();

  const keyOf = ({ credential, model }: Pick<Target, "credential" | "model">, kind: FailureKind): string =>
    `${credential}\n${OF_CREDENTIAL.has(kind) ? "*" : model}\n${kind}`;

  const find = (target: Target, kind: FailureKind): State | undefined => {
    const key = keyOf(target, kind);
    const state = states.get(key);
    if (state === undefined || state.section === target.section) return state;
    states.delete(key);
    return undefined;
  };

  const isOpen = (state: State): boolean => state.openUntilMs !== undefined;

  const make = ({ credential, model, section }: Target, kind: FailureKind): State => {
    if (states.size >= BREAKER_LIMITS.kept) {
      // Those that are closed first, and then the oldest: it is only asked once too often.
      const [oldest] = [...states].sort(([, one], [, two]) => Number(isOpen(one)) - Number(isOpen(two)));
      if (oldest !== undefined) states.delete(oldest[0]);
    }
    const state: State = {
      credential, model: OF_CREDENTIAL.has(kind) ? "*" : model, kind, section, code: "MODEL_UNAVAILABLE", failures: 0, rests: 0,
      openUntilMs: undefined, sinceMs: 0, trying: false, opened: 0,
    };
    states.set(keyOf({ credential, model }, kind), state);
    return state;
  };

  const rest = (state: State, retryAfterMs: number | undefined): void => {
    const ms = Math.min(BREAKER_LIMITS.restLastMs, BREAKER_LIMITS.restFirstMs[state.kind] * 2 ** state.rests);
    if (state.rests === 0) state.sinceMs = Math.round(clock.now());
    state.rests += 1;
    state.opened += 1;
    state.trying = false;
    state.openUntilMs = clock.monotonic() + Math.max(ms, retryAfterMs ?? 0);
  };

  const show = ({ credential, model, kind, code, failures, sinceMs, openUntilMs = 0, trying }: State): Resting =>
    ({ credential, model, kind, code, failures, sinceMs, trying, nextTryAtMs: Math.round(clock.now() + openUntilMs - clock.monotonic()) });

  const issue = (target: Target, tries: readonly State[]): Ticket => {
    const began = new Map(KINDS.map((kind) => [kind, find(target, kind)?.opened ?? 0]));
    let said = false;
    const once = (run: () => void) => (): void => {
      if (said) return;
      said = true;
      run();
    };
    const succeeded = once(() => {
      for (const kind of KINDS) {
        const state = find(target, kind);
        if (state !== undefined && (!isOpen(state) || tries.includes(state))) states.delete(keyOf(target, kind));
      }
    });
    return {
      succeeded,
      failed: (failure) => {
        const kind = kindOf(failure);
        // It was answered, and properly: whatever was tried with this call works again.
        if (kind === undefined) return failure.code === "MODEL_REJECTED" ? succeeded() : endTries();
        once(() => {
          const { code, retryAfterMs } = failure;
          for (const tried of tries) if (tried.kind !== kind) rest(tried, undefined);
          const state = find(target, kind) ?? make(target, kind);
          if (state.opened !== began.get(kind)) return; // it rests already, by a call that began as early
          state.code = code;
          state.failures += 1;
          const tried = tries.includes(state);
          if (!tried && isOpen(state)) return;
          if (tried || retryAfterMs !== undefined || state.failures >= BREAKER_LIMITS.failures[kind]) rest(state, retryAfterMs);
        })();
      },
      dropped: once(() => endTries()),
    };
    function endTries(): void {
      for (const state of tries) state.trying = false;
    }
  };

  return {
    ask: (target) => {
      const open = KINDS.flatMap((kind) => {
        const state = find(target, kind);
        return state !== undefined && isOpen(state) ? [state] : [];
      });
      const resting = open
        .filter(({ openUntilMs = 0, trying }) => trying || openUntilMs > clock.monotonic())
        .sort((a, b) => (b.openUntilMs ?? 0) - (a.openUntilMs ?? 0))[0];
      if (resting !== undefined) return show(resting);
      for (const state of open) state.trying = true;
      return issue(target, open);
    },
    keyChanged: (credential) => {
      for (const kind of OF_CREDENTIAL) states.delete(keyOf({ credential, model: "*" }, kind));
    },
    list: () => [...states.values()].filter(isOpen).map(show).sort((a, b) => a.nextTryAtMs - b.nextTryAtMs),
  };
}
