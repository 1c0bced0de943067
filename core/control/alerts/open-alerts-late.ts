import type { LiveEvent } from "../../cognition/runtime.ts";
import type { Alerts, AlertsDeps } from "./open-alerts.ts";
import type { Happening } from "./reading.ts";

/** Alerts, loaded at the first look; what happens before is kept until then. The caller disposes. */
export interface LateAlerts extends AsyncDisposable {
  /** The first look comes one beat after this. */
  start(): void;
  /** Of every live event: one comparison for those it has no use for. */
  live(event: LiveEvent): void;
  /** An event for clients, of which some are of use here. */
  told(event: string, payload: unknown): void;
  whole(): Promise<Alerts>;
}

const EARLY_MAX = 1_000;
const FIRST_LOOK_MS = 5_000;
const WENT_IN_CIRCLES = new Set<unknown>(["TURN_RUNAWAY", "TURN_STEPS_EXCEEDED"]);

export interface LateAlertsDeps extends Omit<AlertsDeps, "read" | "deliver"> {
  /** Where to look, and how to bring what is found: asked for once, with the first look. */
  readonly ways: () => Promise<Pick<AlertsDeps, "read" | "deliver">>;
}

export function openAlertsLate(deps: LateAlertsDeps): LateAlerts {
  const early: Happening[] = [];
  let loaded: Alerts | undefined;
  let loading: Promise<Alerts> | undefined;
  let timer: { close(): void } | undefined;
  let closed = false;

  const whole = (): Promise<Alerts> => (loading ??= import("./open-alerts.ts").then(async ({ openAlerts }) => {
    const alerts = await openAlerts({ ...deps, ...(await deps.ways()) });
    for (const happening of early.splice(0)) alerts.note(happening);
    return (loaded = alerts);
  }).catch((error: unknown) => {
    loading = undefined; // the next look tries again
    throw error;
  }));
  const note = (happening: Happening): void => {
    if (loaded !== undefined) loaded.note(happening);
    else if (early.length < EARLY_MAX) early.push(happening);
  };
  const arm = (ms: number): void => {
    if (closed) return;
    timer = deps.clock.after(ms, () => {
      void look().catch((error: unknown) => deps.log.warn("alerts.failed", { error })).finally(() => arm(everyMs()));
    });
  };
  const everyMs = (): number => (deps.config().everySeconds ?? 15) * 1_000;
  const look = async (): Promise<void> => {
    if (deps.config().enabled === false && loaded === undefined) return;
    await (await whole()).look();
  };

  return {
    whole,
    start: () => {
      if (timer === undefined) arm(Math.min(FIRST_LOOK_MS, everyMs()));
    },
    live: ({ stream, data, ts, agentId, sessionKey }) => {
      if (stream === "tool") {
        const { details } = (data["result"] ?? {}) as { readonly details?: { readonly code?: unknown } };
        if (data["isError"] === true && details?.code === "GATE_REFUSED") note({ kind: "denied", atMs: ts, sessionKey });
      } else if (stream === "lifecycle" && isEnd(data)) {
        const { startedAt, code, status } = data;
        const tookMs = typeof startedAt === "number" ? Math.max(0, ts - startedAt) : 0;
        const why = typeof code === "string" ? { code } : {};
        if (status !== "aborted") note({ kind: "turn", atMs: ts, tookMs, failed: status !== "ok", ...why });
        if (WENT_IN_CIRCLES.has(code)) note({ kind: "halted", atMs: ts, agentId, sessionKey });
      }
    },
    told: (event, payload) => {
      if (event !== "cron") return;
      const { status, jobId, job } = payload as {
        readonly status?: unknown; readonly jobId?: unknown; readonly job?: { readonly name?: unknown };
      };
      if (status !== "missed" || typeof jobId !== "string") return;
      note({ kind: "missed", atMs: deps.clock.now(), jobId, name: typeof job?.name === "string" ? job.name : jobId });
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      timer?.close();
      await (await loading?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

/** Of a turn of its own: a message that joined another's turn is answered by that one. */
function isEnd(data: LiveEvent["data"]): boolean {
  return (data["phase"] === "end" || data["phase"] === "error") && data["joinedRunId"] === undefined;
}
