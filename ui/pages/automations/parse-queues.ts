/** Queues, what was given up, and webhooks as they are configured, parsed. */
import { fieldsOf, listOf, numberOf, textOf, type Fields } from "../../stores/fields.ts";

export interface Queue {
  readonly name: string;
  readonly jobs: number;
  readonly dead: number;
  readonly lagMs: number;
  readonly lagging: boolean;
}

export interface Letter {
  readonly queue: string;
  readonly id: string;
  readonly code: string;
  readonly summary: string;
  readonly why: string | undefined;
  readonly attempts: number;
  readonly deadAtMs: number;
}

export function parseQueues(answer: unknown): readonly Queue[] {
  return listOf(fieldsOf(answer)["queues"]).map((row) => ({
    name: textOf(row["queue"]) ?? "", jobs: numberOf(row["jobs"]) ?? 0, dead: numberOf(row["dead"]) ?? 0,
      lagMs: numberOf(row["lagMs"]) ?? 0,
    lagging: row["lagging"] === true,
  }));
}

export function parseLetters(answer: unknown): { readonly letters: readonly Letter[]; readonly more: boolean } {
  const page = fieldsOf(answer);
  return { letters: listOf(page["letters"]).flatMap((row) => parseLetter(row) ?? []), more: page["more"] === true };
}

function parseLetter(row: Fields): Letter | undefined {
  const [queue, id] = [textOf(row["queue"]), textOf(row["id"])];
  if (queue === undefined || id === undefined) return undefined;
  return {
    queue, id, code: textOf(row["code"]) ?? "UNKNOWN", summary: textOf(row["summary"]) ?? "", why: textOf(row["why"]),
    attempts: numberOf(row["attempts"]) ?? 0, deadAtMs: numberOf(row["deadAtMs"]) ?? 0,
  };
}

/** What was to be done, as it is kept: shown as text, name by name. */
export function parseLetterBody(answer: unknown): readonly (readonly [name: string, value: string])[] {
  return Object.entries(fieldsOf(fieldsOf(answer)["job"]))
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value) ?? ""] as const);
}

export interface Hook { readonly name: string; readonly action: "agent" | "wake" | "own"; readonly body: string }

export interface Hooks { readonly enabled: boolean; readonly path: string; readonly isOwner: boolean; readonly hooks: readonly Hook[] }

/** Of `config.get`: what is configured, with its defaults. */
export function parseHooks(answer: unknown): Hooks {
  const row = fieldsOf(fieldsOf(fieldsOf(answer)["runtimeConfig"])["hooks"]);
  const { mappings } = row;
  const own: readonly (string | undefined)[] = Array.isArray(mappings)
    ? listOf(mappings).map((listed) => textOf(fieldsOf(listed["match"])["path"]) ?? textOf(listed["id"]))
    : Object.keys(fieldsOf(mappings));
  return {
    enabled: row["enabled"] === true, path: textOf(row["path"]) ?? "/hooks", isOwner: row["label"] === "owner",
    hooks: [
      { name: "agent", action: "agent", body: "{\"message\":\"The build is red\"}" },
      { name: "wake", action: "wake", body: "{\"text\":\"mail came\",\"mode\":\"now\"}" },
      ...own.flatMap((name) => (name === undefined ? [] : [{ name, action: "own" as const, body: "{}" }])),
    ],
  };
}
