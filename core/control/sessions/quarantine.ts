/**
 * Sessions whose stored log does not verify: each is closed by itself, and every other one of its slot goes on.
 *
 * What is found is written down and logged once. A restart does not forget it; but a session whose chain verifies again, after
 * a backup was put back, is opened as if nothing had been.
 */
import { OpenClawError, codeOf, hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { recordKeyOf, type Journal, type SessionAddress } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";

export interface Damage {
  /** In the session's log, where it is known. */
  readonly position?: number;
  readonly why: string;
  readonly foundAtMs: number;
}

export interface Quarantine {
  /** Throws SESSION_DAMAGED for a session that is closed. Asked before it is loaded. */
  check(address: SessionAddress): Promise<void>;
  /** Closes it; what it returns is the error for whoever asked. Written down soon. */
  close(address: SessionAddress, error: unknown, position?: number): OpenClawError;
  has(token: string): boolean;
  /** It was deleted. */
  forget(address: SessionAddress): Promise<void>;
}

export interface QuarantineDeps {
  readonly records: Records;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  /** Lets go of the session, should it be in memory; its fold is not written down. */
  readonly drop: (token: string) => void;
}

const BUCKET = "quarantine";

export function createQuarantine({ records, journal, clock, log, drop }: QuarantineDeps): Quarantine {
  const closed = new Map<string, Damage>();

  const save = async (address: SessionAddress, damage: Damage | null): Promise<void> => {
    const stored = await records.get(BUCKET, recordKeyOf(address));
    if (stored === null && damage === null) return;
    const value = damage === null ? null : Buffer.from(JSON.stringify(damage));
    await records.write(BUCKET, recordKeyOf(address), value, stored?.revision ?? 0);
  };

  const saveSoon = (address: SessionAddress, damage: Damage | null): void => {
    save(address, damage).catch((error: unknown) => log.warn("quarantine.unsaved", { code: codeOf(error) ?? "INTERNAL" }));
  };

  return {
    check: async (address) => {
      const known = closed.get(address.token);
      if (known !== undefined) throw errorOf(known);
      const stored = await records.get(BUCKET, recordKeyOf(address));
      if (stored === null) return;
      const damage = JSON.parse(Buffer.from(stored.value).toString("utf8")) as Damage;
      if (await verifies(journal, address)) return saveSoon(address, null);
      closed.set(address.token, damage);
      throw errorOf(damage);
    },
    close: (address, error, position) => {
      const known = closed.get(address.token);
      if (known !== undefined) return errorOf(known);
      const why = error instanceof OpenClawError ? error.message : "Its log could not be read.";
      const damage: Damage = { why, foundAtMs: clock.now(), ...(position === undefined ? {} : { position }) };
      closed.set(address.token, damage);
      log.error("session.damaged", { session: address.token, slot: address.slot, ...damage });
      drop(address.token);
      saveSoon(address, damage);
      return errorOf(damage);
    },
    has: (token) => closed.has(token),
    forget: async (address) => {
      closed.delete(address.token);
      await save(address, null);
    },
  };
}

async function verifies(journal: Journal, address: SessionAddress): Promise<boolean> {
  try {
    return (await journal.verify(address)).brokenAt === null && (await journal.load(address)) !== undefined;
  } catch (error) {
    if (hasCode(error, "STATE_DAMAGED")) return false;
    throw error;
  }
}

function errorOf({ why, position }: Damage): OpenClawError {
  const where = position === undefined ? "" : ` At position ${position}.`;
  return new OpenClawError("SESSION_DAMAGED", { why: `${why}${where}`, ...(position === undefined ? {} : { detail: { position } }) });
}
