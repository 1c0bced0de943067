/** What is kept of alerts over restarts: one sealed record, written whole. */
import type { Records } from "@openclaw/sdk";
import { isAlertCode, rankOf, type Alert, type Mute } from "./alert.ts";
import type { Hour } from "./turn-window.ts";

export interface KeptAlerts {
  readonly open: readonly Alert[];
  /** Newest first. */
  readonly past: readonly Alert[];
  readonly mutes: readonly Mute[];
  /** Devices approved or given a token up to here are known; undefined before the first look. */
  readonly devicesUpToMs?: number;
  readonly hours: readonly Hour[];
}

export interface KeptAlertsDeps {
  readonly records: Pick<Records, "get" | "write">;
  readonly tenant: string;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
}

export const ALERTS_BUCKET = "alerts";
export const ALERT_LIMITS = { openMax: 200, pastMax: 200, mutesMax: 64, muteMaxMs: 2_592_000_000 } as const;
const NOTHING: KeptAlerts = { open: [], past: [], mutes: [], hours: [] };

export interface AlertStore {
  readonly kept: KeptAlerts;
  /** Durable when it resolves; until then `kept` is what it was. */
  save(next: KeptAlerts): Promise<void>;
}

export async function loadAlerts({ records, tenant, seal, unseal }: KeptAlertsDeps): Promise<AlertStore> {
  const belongsTo = `${ALERTS_BUCKET}/${tenant}`;
  const stored = await records.get(ALERTS_BUCKET, tenant);
  let revision = stored?.revision ?? 0;
  let kept = stored === null ? NOTHING : parse(Buffer.from(unseal(belongsTo, stored.value)).toString("utf8"));
  return {
    get kept() {
      return kept;
    },
    save: async (next) => {
      const bounded: KeptAlerts = {
        ...next, open: mostSevere(next.open), past: next.past.slice(0, ALERT_LIMITS.pastMax),
        mutes: next.mutes.slice(-ALERT_LIMITS.mutesMax),
      };
      const sealed = seal(belongsTo, Buffer.from(JSON.stringify({ v: 1, ...bounded })));
      try {
        revision = await records.write(ALERTS_BUCKET, tenant, sealed, revision);
      } catch (error) {
        // It may have been written all the same: the next save goes on from what is there.
        revision = (await records.get(ALERTS_BUCKET, tenant))?.revision ?? 0;
        throw error;
      }
      kept = bounded;
    },
  };
}

/** A code that this program does not know is of a later one, and left out. */
function parse(text: string): KeptAlerts {
  const { open, past, mutes, hours, devicesUpToMs } = JSON.parse(text) as KeptAlerts;
  const known = <T extends { readonly code: string }>(rows: readonly T[]): readonly T[] => rows.filter(({ code }) => isAlertCode(code));
  return { open: known(open), past: known(past), mutes: known(mutes), hours, ...(devicesUpToMs === undefined ? {} : { devicesUpToMs }) };
}

/** Where there are too many, what only happened gives way first, and the oldest of that. */
function mostSevere(open: readonly Alert[]): readonly Alert[] {
  if (open.length <= ALERT_LIMITS.openMax) return open;
  return [...open].sort((a, b) => rankOf(a) - rankOf(b) || b.raisedAtMs - a.raisedAtMs).slice(0, ALERT_LIMITS.openMax);
}
