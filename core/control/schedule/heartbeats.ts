/**
 * Heartbeats: an agent looks around now and then, and only when there is something to look at.
 *
 * Whether there is anything new is decided without a model: events that were left for it, or a checklist that changed. With
 * nothing new no message is made and no token is spent, however long that lasts. What is new is claimed with the heartbeat
 * in one write and offered under its id, so that an event is told once, whoever is killed.
 */
import { OpenClawError, joinLabels, type Label } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import { HOME_TENANT, type Principal } from "../../fabric/identity.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Agents } from "../agents.ts";
import type { Inbound, Intake } from "../channels.ts";
import { formatMainKey, parseSessionKey, type Sessions } from "../sessions.ts";
import { fireRun } from "./fire-run.ts";
import { createHeartbeatRecords, HEARTBEAT_LIMITS, type HeartbeatState, type OpenBeat, type SystemEvent } from "./heartbeat-record.ts";
import type { Sealer } from "./job-store.ts";
import type { RunEntry } from "./job.ts";
import { readChecklist } from "./read-checklist.ts";

export interface Wake {
  readonly mode: "now" | "next-heartbeat";
  readonly text: string;
  readonly label: Label;
  /** What repeats are known by; a new one unless given. */
  readonly id: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly relays?: number;
}

export interface HeartbeatEvent {
  readonly ts: number;
  readonly status: "sent" | "skipped" | "failed";
  readonly agentId: string;
  readonly reason?: string;
  readonly preview?: string;
  readonly durationMs?: number;
  /** The agent had nothing to say. */
  readonly silent?: true;
}

export interface Heartbeats {
  load(): Promise<void>;
  /** Wall time of the next heartbeat of any agent. */
  nextMs(): number | null;
  tick(nowMs: number): void;
  /** Durable when it resolves. Throws UNKNOWN_AGENT_ID, SESSION_KEY_INVALID, SYSTEM_EVENTS_FULL. */
  wake(wake: Wake): Promise<"queued" | "told" | "known">;
  /** Keeps an event for the agent's next heartbeat; false, and nothing kept, where it has none. */
  leave(agentId: string, event: SystemEvent): Promise<boolean>;
  readonly last: HeartbeatEvent | null;
  switchTo(on: boolean): Promise<void>;
  /** Whose they are, how often, and when next; `enabled` is the switch over all of them. */
  describe(): {
    readonly enabled: boolean;
    readonly agents: readonly { readonly agentId: string; readonly everyMs: number; readonly nextAtMs: number }[];
  };
  close(): Promise<void>;
}

export interface HeartbeatsDeps {
  readonly records: Records;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly agents: Agents;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly sessions: Pick<Sessions, "wait" | "history" | "describe">;
  tell(event: string, payload: unknown): void;
  /** Something is due earlier than it was. */
  onDue(): void;
}

const OK = "HEARTBEAT_OK";

export function openHeartbeats(deps: HeartbeatsDeps): Heartbeats {
  const { clock, agents, sessions, logger } = deps;
  const kept = createHeartbeatRecords(deps.records, deps.sealer, HOME_TENANT);
  const stopped = new AbortController();
  const dues = new Map<string, { readonly everyMs: number; readonly dueMs: number }>();
  const beating = new Map<string, Promise<void>>();
  let isOn = true;
  let last: HeartbeatEvent | null = null;

  const told = (event: Omit<HeartbeatEvent, "ts">): void => {
    last = { ts: clock.now(), ...event };
    deps.tell("heartbeat", last);
  };

  /** The rhythm stands on the clock, not on the start: a restart moves nothing. */
  const dueOf = (agentId: string, everyMs: number, nowMs: number): number => {
    const known = dues.get(agentId);
    if (known?.everyMs === everyMs && known.dueMs <= nowMs + everyMs) return known.dueMs;
    const dueMs = (Math.floor(nowMs / everyMs) + 1) * everyMs;
    dues.set(agentId, { everyMs, dueMs });
    return dueMs;
  };

  const beatingAgents = (): readonly { readonly id: string; readonly everyMs: number }[] =>
    agents.list().flatMap(({ id, heartbeat }) => (heartbeat === null ? [] : [{ id, everyMs: heartbeat.everyMs }]));

  /** One heartbeat at a time for each agent. What is asked for meanwhile is looked at when it is over. */
  const beat = (agentId: string, dueMs: number, isAsked: boolean): void => {
    if (stopped.signal.aborted) return;
    if (!isAsked && beating.has(agentId)) return told({ status: "skipped", agentId, reason: "busy" });
    inLine(agentId, () => beatNow(agentId, dueMs, isAsked));
  };

  const inLine = (agentId: string, work: () => Promise<void>): void => {
    const before = beating.get(agentId) ?? Promise.resolve();
    const done = before.then(work).catch((error: unknown) => {
      if (!stopped.signal.aborted) logger.warn("heartbeat.failed", { agentId, error });
    }).finally(() => {
      if (beating.get(agentId) === done) beating.delete(agentId);
    });
    beating.set(agentId, done);
  };

  const beatNow = async (agentId: string, dueMs: number, isAsked: boolean): Promise<void> => {
    stopped.signal.throwIfAborted();
    const skip = (reason: string): void => told({ status: "skipped", agentId, reason });
    if (!isOn && !isAsked) return skip("disabled");
    const { heartbeat, workspace } = agents.get(agentId);
    const before = await kept.read(agentId);
    const checklist = heartbeat === null ? before.checklist : await readChecklist(workspace);
    const isChecklistNew = checklist !== null && checklist !== before.checklist;
    if (before.pending.length === 0 && !isChecklistNew) return isAsked ? undefined : skip("nothing-new");
    if (!isAsked && (await isBusy(agentId))) return skip("busy");
    const state = await kept.change(agentId, (present) => {
      if (present.open !== null) return undefined;
      const id = `heartbeat:${agentId}:${dueMs}:${present.told.length === 0 ? 0 : present.told.at(-1)}`.slice(0, 200);
      return { ...present, pending: [], open: { id, dueMs, claimedAtMs: clock.now(), events: present.pending, checklist, isChecklistNew } };
    });
    crashPoint("heartbeat.claimed");
    if (state.open !== null) await send(agentId, state.open);
  };

  const isBusy = async (agentId: string): Promise<boolean> => (await sessions.describe(formatMainKey(agentId)))?.hasActiveRun === true;

  const send = async (agentId: string, open: OpenBeat): Promise<void> => {
    const byKey = Map.groupBy(open.events, ({ sessionKey }) => sessionKey ?? "main");
    const main = byKey.get("main") ?? (open.isChecklistNew ? [] : undefined);
    byKey.delete("main");
    const groups = [...(main === undefined ? [] : [["main", main] as const]), ...byKey];
    const heartbeat = agents.get(agentId).heartbeat;
    const ends: RunEntry[] = [];
    for (const [at, [sessionKey, events]] of groups.entries()) {
      const run = { occurrenceId: `${open.id}:${at}`, dueMs: open.dueMs, claimedAtMs: open.claimedAtMs };
      const prompt = heartbeat === null || sessionKey !== "main" ? undefined : heartbeat.prompt;
      const inbound = inboundOf(agentId, sessionKey, run, events, prompt);
      ends.push(await fireRun({ clock, intake: deps.intake, sessions }, { graceMs: GRACE_MS }, run, inbound, stopped.signal));
    }
    await kept.change(agentId, (state) => (state.open?.id === open.id ? { ...state, open: null, checklist: open.checklist } : undefined));
    const [first] = ends;
    const failed = ends.find(({ status }) => status !== "ok");
    const reply = (first?.summary ?? "").replaceAll(OK, "").trim();
    const silent = heartbeat !== null && first?.summary?.includes(OK) === true && reply.length <= heartbeat.ackMaxChars;
    told({
      status: failed === undefined ? "sent" : "failed", agentId, ...(failed?.reason === undefined ? {} : { reason: failed.reason }),
      ...(reply === "" ? {} : { preview: reply }), durationMs: clock.now() - open.claimedAtMs, ...(silent ? { silent: true as const } : {}),
    });
  };

  const keep = async (agentId: string, event: SystemEvent): Promise<boolean> => {
    let isKnown = false;
    await kept.change(agentId, (state) => {
      isKnown = state.told.includes(event.id);
      if (isKnown) return undefined;
      if (state.pending.length >= HEARTBEAT_LIMITS.pending) {
        throw new OpenClawError("SYSTEM_EVENTS_FULL", { detail: { agentId, max: HEARTBEAT_LIMITS.pending }, retryAfterMs: 60_000 });
      }
      return withEvent(state, event);
    });
    return !isKnown;
  };

  return {
    load: async () => {
      isOn = await kept.isOn();
      for (const agentId of await kept.agents()) {
        const { open, pending } = await kept.read(agentId);
        if (!agents.list().some(({ id }) => id === agentId)) continue;
        if (open !== null) inLine(agentId, () => send(agentId, open));
        // Without a heartbeat of its own, what waits was asked for at once.
        if (pending.length > 0 && agents.get(agentId).heartbeat === null) beat(agentId, clock.now(), true);
      }
    },
    nextMs: () => {
      const nowMs = clock.now();
      return beatingAgents().reduce<number | null>((first, { id, everyMs }) => {
        const dueMs = dueOf(id, everyMs, nowMs);
        return first === null ? dueMs : Math.min(first, dueMs);
      }, null);
    },
    tick: (nowMs) => {
      for (const { id, everyMs } of beatingAgents()) {
        const dueMs = dueOf(id, everyMs, nowMs);
        if (dueMs > nowMs) continue;
        dues.set(id, { everyMs, dueMs: (Math.floor(nowMs / everyMs) + 1) * everyMs });
        beat(id, dueMs, false);
      }
    },
    wake: async ({ mode, text, label, id, agentId: asked, sessionKey: wished, relays }) => {
      const route = wished === undefined ? undefined : parseSessionKey(wished, asked ?? agents.defaultId);
      const { id: agentId, heartbeat } = agents.get(route?.agentId ?? asked ?? agents.defaultId);
      const where = route === undefined || route.isMain ? {} : { sessionKey: route.key };
      const isNew = await keep(agentId, { id, text, label, atMs: clock.now(), ...where, ...(relays === undefined ? {} : { relays }) });
      const isNow = mode === "now" || heartbeat === null;
      if (isNow) beat(agentId, clock.now(), true);
      return !isNew ? "known" : isNow ? "told" : "queued";
    },
    leave: async (agentId, event) => {
      if (agents.get(agentId).heartbeat === null) return false;
      await keep(agentId, event);
      return true;
    },
    get last() {
      return last;
    },
    switchTo: async (on) => {
      await kept.switchTo(on);
      isOn = on;
    },
    describe: () => ({
      enabled: isOn,
      agents: beatingAgents().map(({ id, everyMs }) => ({ agentId: id, everyMs, nextAtMs: dueOf(id, everyMs, clock.now()) })),
    }),
    close: async () => {
      stopped.abort(new Error("the schedule is closing"));
      await Promise.all(beating.values());
    },
  };
}

const GRACE_MS = 3_600_000;
const SERVICE: Omit<Principal, "label"> = { tenant: HOME_TENANT, id: "service:schedule", kind: "service" };

function withEvent(state: HeartbeatState, event: SystemEvent): HeartbeatState {
  return { ...state, pending: [...state.pending, event], told: [...state.told, event.id].slice(-HEARTBEAT_LIMITS.told) };
}

/** The prompt and what is new, under the least trusted label of its parts. */
function inboundOf(
  agentId: string, sessionKey: string, run: { readonly occurrenceId: string; readonly dueMs: number }, events: readonly SystemEvent[],
  prompt: string | undefined,
): Inbound {
  const label = events.reduce<Label>((least, event) => joinLabels(least, event.label), "owner");
  const relays = events.reduce((most, event) => Math.max(most, event.relays ?? 0), 0);
  const lines = events.map(({ atMs, text }) => `- ${new Date(atMs).toISOString()} ${text}`);
  const text = [
    ...(prompt === undefined ? [] : [prompt]), ...(lines.length === 0 ? [] : [lines.length === 1 ? "New event:" : "New events:", ...lines]),
  ].join("\n");
  return {
    text: text === "" ? "HEARTBEAT.md changed." : text, idempotencyKey: run.occurrenceId, principal: { ...SERVICE, label },
    channel: "schedule", agentId, sessionKey, origin: { kind: "schedule", jobId: `heartbeat:${agentId}`, dueMs: run.dueMs },
    ...(relays === 0 ? {} : { relays }),
  };
}
