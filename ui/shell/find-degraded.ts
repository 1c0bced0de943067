/** What a person on any page should know does not work, out of what the gateway says of itself. Pure. */
import { formatClock } from "../kit/format.ts";
import { plainLine } from "../kit/plain-line.ts";
import { fieldsOf, lineOf, listOf, numberOf, textOf, type Fields } from "../stores/fields.ts";
import { words } from "../words/en/degraded.ts";
import type { Degraded } from "./health.ts";

export interface Told {
  readonly health: unknown;
  readonly status: unknown;
  /** Empty where the gateway raises none. */
  readonly alerts: unknown;
  readonly nowMs: number;
}

/** Both are known here at once, and better. */
const KNOWN_BETTER: ReadonlySet<string> = new Set(["MODEL_RESTING", "QUEUE_BEHIND"]);

/** What keeps answers from coming first. */
export function findDegraded({ health, status, alerts, nowMs }: Told): readonly Degraded[] {
  const facts = fieldsOf(status);
  return [
    ...(fieldsOf(health)["ok"] === false
      ? [{ id: "health", what: words.unwell, sinceMs: undefined, safe: words.unwellSafe, next: "openclaw health" }] : []),
    ...listOf(fieldsOf(facts["models"])["resting"]).map((row) => ofModel(row)),
    ...listOf(facts["queues"]).flatMap((row) => ofQueue(row, nowMs)),
    ...listOf(fieldsOf(alerts)["open"]).flatMap(ofAlert),
  ];
}

function ofModel(row: Fields): Degraded {
  const credential = lineOf(row["credential"]) ?? "?";
  const model = lineOf(row["model"]) ?? "*";
  const next = numberOf(row["nextTryAtMs"]);
  const again = row["trying"] === true ? words.tried : next === undefined ? "" : words.tryAt(formatClock(next));
  return {
    id: `model ${credential} ${model}`, sinceMs: numberOf(row["sinceMs"]),
    what: words.model(model === "*" ? words.everyModel(credential) : model, numberOf(row["failures"]) ?? 1),
    safe: `${words.modelSafe} ${again}`.trim(), next: `openclaw explain ${lineOf(row["code"]) ?? "MODEL_UNAVAILABLE"}`,
  };
}

function ofQueue(row: Fields, nowMs: number): readonly Degraded[] {
  const queue = lineOf(row["queue"]);
  if (queue === undefined || row["lagging"] !== true) return [];
  return [{
    id: `queue ${queue}`, what: words.queue(queue, numberOf(row["jobs"]) ?? 0), sinceMs: nowMs - (numberOf(row["lagMs"]) ?? 0),
    safe: words.queueSafe, next: undefined,
  }];
}

/** Those that say that something does not work, until a person has taken note of it. */
function ofAlert(row: Fields): readonly Degraded[] {
  const [id, what, code] = [textOf(row["id"]), lineOf(row["what"]), textOf(row["code"]) ?? ""];
  const isSeen = row["acknowledged"] !== undefined || row["muted"] === true;
  if (id === undefined || what === undefined || row["severity"] !== "problem" || isSeen || KNOWN_BETTER.has(code)) return [];
  return [{ id, what, sinceMs: numberOf(row["sinceMs"]), safe: plainLine(textOf(row["means"]) ?? ""), next: lineOf(row["next"]) }];
}
