/** What does not work as it should, from what the gateway says of itself. Pure. */
import { formatDuration } from "../terminal/quantities.ts";
import { shortenText } from "../terminal/text.ts";
import { at, listAt, numberAt, textAt } from "./payload.ts";

export interface Degraded {
  readonly what: string;
  /** Where it is known. */
  readonly sinceMs?: number;
  /** The command that goes on with it. */
  readonly next: string;
}

export interface Told {
  readonly hello: unknown;
  readonly status: unknown;
  readonly nodes: unknown;
  readonly nowMs: number;
}

/** So that what is wrong stands on the same row. */
const NAME_WIDTH = 40;

/** Alerts whose cause is said here anyway, with more of what it is just now. */
const SAID = new Set(["MODEL_RESTING", "NODE_AWAY", "QUEUE_BEHIND", "DEAD_LETTERS"]);

/** What keeps answers from coming first, then nodes, then what only comes late. */
export function findDegraded({ hello, status, nodes, nowMs }: Told): readonly Degraded[] {
  const found: Degraded[] = [];
  const add = (what: string, sinceMs: number | undefined, next: string): void => {
    found.push({ what, ...(sinceMs === undefined ? {} : { sinceMs }), next });
  };
  if (at(hello, "snapshot", "health", "ok") === false) add("The gateway does not feel well", undefined, "openclaw health --json");
  for (const row of listAt(status, "models", "resting")) {
    const named = textAt(row, "model");
    const all = named === "*" || named === undefined;
    const model = shortenText(all ? `Every model of ${textAt(row, "credential") ?? "a provider"}` : named, NAME_WIDTH, "...");
    const inMs = Math.max(0, (numberAt(row, "nextTryAtMs") ?? 0) - nowMs);
    const again = row["trying"] === true ? "one call is trying it now" : `next try in ${formatDuration(inMs)}`;
    const why = `${numberAt(row, "failures") ?? 0} failures, ${textAt(row, "code") ?? "?"}; ${again}`;
    add(`${model} is given a rest (${why})`, numberAt(row, "sinceMs"), `openclaw explain ${textAt(row, "code") ?? "MODEL_RESTING"}`);
  }
  for (const row of listAt(nodes, "nodes")) {
    if (row["connected"] === true || row["approvalState"] === "pending") continue;
    const name = textAt(row, "displayName") ?? textAt(row, "nodeId") ?? "?";
    add(`Node ${name} is offline`, numberAt(row, "lastSeenAtMs"), `openclaw nodes describe ${name}`);
  }
  for (const row of listAt(status, "queues")) {
    const queue = textAt(row, "queue") ?? "?";
    const dead = numberAt(row, "dead") ?? 0;
    if (row["lagging"] === true) add(`Queue ${queue} is behind`, nowMs - (numberAt(row, "lagMs") ?? 0), "openclaw status --json");
    if (dead > 0) add(`${dead} dead ${dead === 1 ? "letter" : "letters"} in queue ${queue}`, undefined, "openclaw deadletters list");
  }
  for (const alert of listAt(status, "alerts", "open")) {
    const code = textAt(alert, "code") ?? "";
    if (SAID.has(code) || textAt(alert, "severity") === "notice" || at(alert, "acknowledged") !== undefined) continue;
    add(textAt(alert, "what") ?? code, numberAt(alert, "sinceMs"), textAt(alert, "next") ?? "openclaw alerts");
  }
  return found;
}
