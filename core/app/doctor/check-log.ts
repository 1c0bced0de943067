/** The log: every session's chain from its first event, its history in files, and the fold that all of it gives. */
import { codeOf, hasCode } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { slotOf, type Journal, type SessionAddress } from "../../fabric/journal.ts";
import type { Examined, Finding } from "./finding.ts";

/** Where every session that ever was has its key, or the mark that it was destroyed. */
const SESSION_KEYS = "session-keys";
const PAGE = 512;
const SHOWN_MAX = 20;

export interface LogPatient {
  readonly engine: Engine;
  readonly journal: Journal;
  /** What people call the session of a token; undefined where the list does not know it. */
  readonly nameOf: (token: string) => Promise<string | undefined>;
  readonly nowMs: number;
  readonly progress: (done: number) => void;
}

/** A clock may be wrong by this much without anybody noticing. */
const CLOCK_MS = 300_000;

export async function checkLog(patient: LogPatient): Promise<readonly Examined[]> {
  const broken: Finding[] = [];
  let sessions = 0;
  let events = 0;
  let newestMs = 0;
  for await (const address of sessionsOf(patient.engine)) {
    sessions += 1;
    const { fault, count, latestMs } = await examine(patient, address);
    events += count;
    newestMs = Math.max(newestMs, latestMs);
    if (fault !== undefined) broken.push(await findingOf(patient, address, fault));
    if (sessions % 100 === 0) patient.progress(sessions);
  }
  const more = broken.length - SHOWN_MAX;
  const shown = more <= 0 ? broken : [...broken.slice(0, SHOWN_MAX), manyMore(more)];
  const note = `${sessions} sessions, ${events} events: every chain verifies`;
  return [{ check: "log", note, findings: shown }, clockOf(patient.nowMs, newestMs)];
}

interface Fault { readonly code: string; readonly why: string; readonly position?: number }

async function examine(
  { journal }: LogPatient, address: SessionAddress,
): Promise<{ readonly fault?: Fault; readonly count: number; readonly latestMs: number }> {
  let count = 0;
  let latestMs = 0;
  try {
    const { events, brokenAt, newestMs } = await journal.verify(address);
    [count, latestMs] = [events, newestMs];
    if (brokenAt !== null) {
      const why = `An event at position ${brokenAt} is not the one that was written there, or one before it is missing.`;
      return { fault: { code: "SESSION_DAMAGED", why, position: brokenAt }, count, latestMs };
    }
    await journal.load(address);
    return { count, latestMs };
  } catch (error) {
    if (hasCode(error, "KEY_DESTROYED")) return { count, latestMs };
    const why = error instanceof Error ? error.message : String(error);
    return { fault: { code: codeOf(error) ?? "SESSION_DAMAGED", why }, count, latestMs };
  }
}

async function findingOf({ nameOf }: LogPatient, { token }: SessionAddress, { code, why }: Fault): Promise<Finding> {
  const name = await nameOf(token);
  const called = name ?? `with token ${token}`;
  return {
    check: "log", level: "problem", code, what: `The session ${called} is damaged.`, why: `${why} Every other session goes on.`,
    next: name === undefined ? "Restore the state directory from a backup."
      : `Restore a backup; or keep what can be read (openclaw sessions export '${name}'), then delete it (… delete '${name}').`,
  };
}

function manyMore(count: number): Finding {
  return {
    check: "log", level: "problem", code: "SESSION_DAMAGED", what: `${count} more sessions are damaged.`,
    next: "Restore the state directory from a backup.",
  };
}

/** Times in the log rise; a clock that was set back makes the newest of them lie ahead. */
function clockOf(nowMs: number, newestMs: number): Examined {
  const check = "clock";
  const aheadMs = newestMs - nowMs;
  if (aheadMs <= CLOCK_MS) return { check, note: "not behind what was written last", findings: [] };
  const hours = Math.round(aheadMs / 3_600_000);
  return {
    check, note: "", findings: [{
      check, level: "attention", code: "CLOCK_BEHIND", what: `This machine's clock is ${hours} h behind what was written last.`,
      why: "Nothing is lost by it: order is kept by numbers. Schedules and time limits go by the clock.", next: "Set the clock right.",
    }],
  };
}

async function* sessionsOf(engine: Engine): AsyncGenerator<SessionAddress> {
  for (let after: string | undefined; ; ) {
    const page = await engine.records.list(SESSION_KEYS, `${HOME_TENANT}.`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    for (const { key } of page) {
      const token = key.slice(HOME_TENANT.length + 1);
      yield { tenant: HOME_TENANT, token, slot: slotOf(token) };
    }
    after = page.at(-1)?.key;
    if (page.length < PAGE) return;
  }
}
