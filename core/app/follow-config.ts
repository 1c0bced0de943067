/**
 * What an edit of the file takes, by `gateway.reload.mode`: `hybrid` restarts where a key is read only at the start, `hot` never does
 * and says what waits, `restart` always does, `off` leaves every edit to the next start.
 */
import { listChanges } from "../fabric/config.ts";
import type { TakenHow } from "../fabric/config-start.ts";
import { needsRestart } from "./describe-config.ts";

export type ReloadMode = "hybrid" | "hot" | "restart" | "off";

export interface ReloadPlan {
  readonly restart: boolean;
  /** Keys that are not in force before the next start. */
  readonly waiting: readonly string[];
}

export function planReload(mode: ReloadMode, { before, after, inForce }: TakenHow): ReloadPlan {
  const changes = listChanges(before, after);
  if (!inForce) return { restart: false, waiting: changes };
  const waiting = changes.filter(needsRestart);
  if (mode === "restart") return { restart: changes.length > 0, waiting: [] };
  return mode === "hybrid" ? { restart: waiting.length > 0, waiting: [] } : { restart: false, waiting };
}
