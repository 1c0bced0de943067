/** What an agent's heartbeat keeps: events that wait for it, the one under way, and what it has seen. Sealed, by compare-and-set. */
import { hasCode, type Label } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Sealer } from "./job-store.ts";
import { SCHEDULE_BUCKETS } from "./job.ts";

export interface SystemEvent {
  /** What repeats are known by. */
  readonly id: string;
  readonly text: string;
  readonly label: Label;
  readonly atMs: number;
  /** A session other than the agent's main one. */
  readonly sessionKey?: string;
  /** As of the message that tells of it. */
  readonly relays?: number;
}

/** A heartbeat that was claimed and has not ended. */
export interface OpenBeat {
  readonly id: string;
  readonly dueMs: number;
  readonly claimedAtMs: number;
  readonly events: readonly SystemEvent[];
  readonly checklist: string | null;
  /** The checklist changed: the main session is told, whatever else is new. */
  readonly isChecklistNew: boolean;
}

export interface HeartbeatState {
  readonly v: 1;
  readonly pending: readonly SystemEvent[];
  readonly open: OpenBeat | null;
  /** Ids of events that came, the oldest forgotten first. */
  readonly told: readonly string[];
  /** Digest of the checklist the last heartbeat was sent for. */
  readonly checklist: string | null;
}

export interface HeartbeatRecords {
  read(agentId: string): Promise<HeartbeatState>;
  /** Undefined changes nothing. Durable when it resolves. */
  change(agentId: string, decide: (state: HeartbeatState) => HeartbeatState | undefined): Promise<HeartbeatState>;
  /** Agents that keep anything. */
  agents(): Promise<readonly string[]>;
  /** Are heartbeats switched on, for all agents? They are until somebody says otherwise. */
  isOn(): Promise<boolean>;
  switchTo(on: boolean): Promise<void>;
}

export const HEARTBEAT_LIMITS = { pending: 100, told: 512, agents: 1_000 } as const;

const BUCKET = SCHEDULE_BUCKETS.heartbeats;
/** No agent can be called that. */
const SWITCH = "_switch";
const ATTEMPTS_MAX = 8;
const EMPTY: HeartbeatState = { v: 1, pending: [], open: null, told: [], checklist: null };

export function createHeartbeatRecords(records: Records, sealer: Sealer, tenant: string): HeartbeatRecords {
  const keyOf = (name: string): string => `${tenant}.${name}`;
  const cached = new Map<string, { readonly state: HeartbeatState; readonly revision: number }>();
  const lanes = new Map<string, Promise<unknown>>();

  const open = (key: string, value: Uint8Array): HeartbeatState =>
    JSON.parse(Buffer.from(sealer.unseal(`${BUCKET}/${key}`, value)).toString("utf8")) as HeartbeatState;

  const load = async (agentId: string, fresh = false): Promise<{ readonly state: HeartbeatState; readonly revision: number }> => {
    const known = fresh ? undefined : cached.get(agentId);
    if (known !== undefined) return known;
    const key = keyOf(agentId);
    const stored = await records.get(BUCKET, key);
    const read = stored === null ? { state: EMPTY, revision: 0 } : { state: open(key, stored.value), revision: stored.revision };
    cached.set(agentId, read);
    return read;
  };

  const changeNow = async (agentId: string, decide: (state: HeartbeatState) => HeartbeatState | undefined): Promise<HeartbeatState> => {
    for (let attempt = 1; ; attempt++) {
      const { state, revision } = await load(agentId, attempt > 1);
      const next = decide(state);
      if (next === undefined) return state;
      const key = keyOf(agentId);
      try {
        const written = await records.write(BUCKET, key, sealer.seal(`${BUCKET}/${key}`, Buffer.from(JSON.stringify(next))), revision);
        cached.set(agentId, { state: next, revision: written });
        return next;
      } catch (error) {
        if ((!hasCode(error, "CONFLICT") && !hasCode(error, "ENGINE_UNAVAILABLE")) || attempt >= ATTEMPTS_MAX) throw error;
      }
    }
  };

  return {
    read: async (agentId) => (await load(agentId)).state,
    change: (agentId, decide) => {
      const run = (): Promise<HeartbeatState> => changeNow(agentId, decide);
      const done = (lanes.get(agentId) ?? Promise.resolve()).then(run, run);
      lanes.set(agentId, done.catch(() => undefined));
      return done;
    },
    agents: async () => {
      const rows = await records.list(BUCKET, `${tenant}.`, { limit: ROWS_MAX });
      return rows.map(({ key }) => key.slice(tenant.length + 1)).filter((name) => name !== SWITCH);
    },
    isOn: async () => (await records.get(BUCKET, keyOf(SWITCH))) === null,
    switchTo: async (on) => {
      const stored = await records.get(BUCKET, keyOf(SWITCH));
      if ((stored === null) !== on) await records.write(BUCKET, keyOf(SWITCH), on ? null : new Uint8Array([0]), stored?.revision ?? 0);
    },
  };
}

const ROWS_MAX = 512;
