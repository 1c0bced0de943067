/** What the gateway tells of without being asked. */
import { plainLine } from "../../kit/plain-line.ts";
import { fieldsOf, lineOf, listOf, numberOf, textOf } from "../../stores/fields.ts";

export interface AlertRow {
  readonly id: string;
  readonly severity: "problem" | "attention";
  readonly what: string;
  readonly means: string;
  readonly next: string | undefined;
  readonly sinceMs: number;
  readonly count: number;
  /** Who has seen it. */
  readonly by: string | undefined;
}

/** These stand on the page anyway: a model that rests among the failures, a queue among the queues. */
const SHOWN_ELSEWHERE: ReadonlySet<string> = new Set(["MODEL_RESTING", "QUEUE_BEHIND", "DEAD_LETTERS"]);

/** Of `alerts.list`: what needs a person and is not muted, in the gateway's order. What is only worth knowing stands on no page. */
export function parseAlerts(answer: unknown): readonly AlertRow[] {
  return listOf(fieldsOf(answer)["open"]).flatMap((row) => {
    const [id, what, severity] = [textOf(row["id"]), lineOf(row["what"]), row["severity"]];
    if (id === undefined || what === undefined || (severity !== "problem" && severity !== "attention")) return [];
    if (row["muted"] === true || SHOWN_ELSEWHERE.has(textOf(row["code"]) ?? "")) return [];
    return [{
      id, what, severity,
      means: plainLine(textOf(row["means"]) ?? ""), next: lineOf(row["next"]), sinceMs: numberOf(row["sinceMs"]) ?? 0,
      count: numberOf(row["count"]) ?? 1, by: lineOf(fieldsOf(row["acknowledged"])["by"]),
    }];
  });
}
