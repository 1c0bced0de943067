/** From what a client sent to a job: everything checked, every default said. Pure but for the calendar's questions. */
import { OpenClawError } from "@openclaw/protocol";
import { parseSessionKey } from "../sessions.ts";
import type { Calendar } from "./calendar.ts";
import { SCHEDULE_LIMITS, type JobSpec, type Payload, type Schedule } from "./job.ts";

type Fields = Readonly<Record<string, unknown>>;

export interface ParseFacts {
  readonly calendar: Calendar;
  readonly nowMs: number;
  /** Where a cron expression is read that names no zone. */
  readonly defaultZone: string;
}

const KINDS_NOT_OFFERED: Readonly<Record<string, string>> = {
  "on-exit": "Schedules that start commands are not offered.",
  stream: "Schedules that start commands are not offered.",
  command: "A job says something to an agent; it runs no command by itself.",
  heartbeat: "The heartbeat is configured, not added: agents.defaults.heartbeat.",
};

/** Throws PARAMS_INVALID, CRON_KIND_UNSUPPORTED, CRON_EXPRESSION_INVALID, TIME_ZONE_UNKNOWN, CRON_NEVER_FIRES or SESSION_KEY_INVALID. */
export function parseJob(input: Fields, facts: ParseFacts): JobSpec {
  refuseUnknown(input, JOB_FIELDS, "job");
  const schedule = parseSchedule(fieldsOf(input["schedule"], "schedule"), facts);
  const payload = parsePayload(fieldsOf(input["payload"], "payload"));
  facts.calendar.check(schedule, facts.nowMs);
  const sessionTarget = parseTarget(input["sessionTarget"] ?? (payload.kind === "systemEvent" ? "main" : "isolated"), payload);
  const name = text(input["name"] ?? describePayload(payload), "name", SCHEDULE_LIMITS.nameChars);
  if (name.trim() === "") throw invalid("name is empty.");
  for (const key of [sessionTarget.replace(/^session:/, ""), input["sessionKey"]]) {
    if (typeof key === "string") parseSessionKey(key, "main"); // whose it is, is known when it fires
  }
  const graceMs = number(input["graceMs"] ?? graceOf(schedule), "graceMs", 0, SCHEDULE_LIMITS.graceMaxMs);
  return {
    name, schedule, payload, sessionTarget, graceMs,
    ...optional(input, "description", 1_000), ...optional(input, "agentId", 128), ...optional(input, "sessionKey", 512),
    ...optional(input, "declarationKey", 256),
    enabled: flag(input["enabled"] ?? true, "enabled"),
    deleteAfterRun: flag(input["deleteAfterRun"] ?? false, "deleteAfterRun"),
    wakeMode: oneOf(input["wakeMode"] ?? "now", "wakeMode", ["now", "next-heartbeat"] as const),
    delivery: parseDelivery(fieldsOf(input["delivery"] ?? {}, "delivery")),
    catchUp: oneOf(input["catchUp"] ?? "last", "catchUp", ["last", "all", "none"] as const),
    overlap: oneOf(input["overlap"] ?? "skip", "overlap", ["skip", "queue"] as const),
  };
}

/** The spec as a client would have sent it, so that a patch is read by the same rules as a whole job. */
export function formatSpec(spec: JobSpec): Record<string, unknown> {
  const { schedule } = spec;
  const shown = schedule.kind === "at" ? { kind: "at", at: new Date(schedule.atMs).toISOString() } : { ...schedule };
  const fields = Object.fromEntries(JOB_FIELDS.map((name) => [name, (spec as unknown as Fields)[name]]));
  return { ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)), schedule: shown };
}

const JOB_FIELDS = [
  "name", "description", "enabled", "schedule", "sessionTarget", "wakeMode", "payload", "delivery", "agentId", "sessionKey",
  "declarationKey", "deleteAfterRun", "catchUp", "graceMs", "overlap",
];

/** A reminder is worth saying late; a rhythm goes on by itself. */
function graceOf(schedule: Schedule): number {
  return schedule.kind === "at" ? SCHEDULE_LIMITS.graceMaxMs : 3_600_000;
}

/** Throws as `parseJob` does; whether it ever fires is not looked at. */
export function parseSchedule(input: Fields, { nowMs, defaultZone }: ParseFacts): Schedule {
  switch (input["kind"]) {
    case "at": {
      refuseUnknown(input, ["kind", "at"], "schedule");
      return { kind: "at", atMs: parseInstant(input["at"]) };
    }
    case "every": {
      refuseUnknown(input, ["kind", "everyMs", "anchorMs"], "schedule");
      const everyMs = number(input["everyMs"], "schedule.everyMs", SCHEDULE_LIMITS.everyMinMs, SCHEDULE_LIMITS.everyMaxMs);
      return { kind: "every", everyMs, anchorMs: number(input["anchorMs"] ?? nowMs, "schedule.anchorMs", 0, INSTANT_MAX_MS) };
    }
    case "cron": {
      refuseUnknown(input, ["kind", "expr", "tz", "staggerMs"], "schedule");
      return {
        kind: "cron", expr: text(input["expr"], "schedule.expr", SCHEDULE_LIMITS.expressionChars).trim(),
        tz: text(input["tz"] ?? defaultZone, "schedule.tz", 64),
        staggerMs: number(input["staggerMs"] ?? 0, "schedule.staggerMs", 0, SCHEDULE_LIMITS.staggerMaxMs),
      };
    }
    default: throw unsupported("schedule", input["kind"]);
  }
}

const INSTANT_MAX_MS = 8_640_000_000_000_000;

function parseInstant(value: unknown): number {
  if (typeof value === "number") return number(value, "schedule.at", 0, INSTANT_MAX_MS);
  // A date and time without a zone would mean another instant on another machine.
  const said = text(value, "schedule.at", 64);
  const instantMs = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$/.test(said) ? Date.parse(said) : Number.NaN;
  if (Number.isNaN(instantMs)) throw invalid(`schedule.at is not an instant: ${JSON.stringify(said)}. Write 2026-12-24T18:00:00+01:00.`);
  return instantMs;
}

function parsePayload(input: Fields): Payload {
  switch (input["kind"]) {
    case "systemEvent": {
      refuseUnknown(input, ["kind", "text"], "payload");
      return { kind: "systemEvent", text: said(input["text"], "payload.text") };
    }
    case "agentTurn": {
      refuseUnknown(input, ["kind", "message", "model", "thinking", "timeoutSeconds"], "payload");
      const seconds = input["timeoutSeconds"];
      return {
        kind: "agentTurn", message: said(input["message"], "payload.message"),
        ...optional(input, "model", 256), ...optional(input, "thinking", 32),
        ...(seconds === undefined ? {} : { timeoutSeconds: number(seconds, "payload.timeoutSeconds", 1, 86_400) }),
      };
    }
    default: throw unsupported("payload", input["kind"]);
  }
}

function parseTarget(value: unknown, payload: Payload): string {
  const target = text(value, "sessionTarget", 520);
  if (target !== "main" && target !== "isolated" && target !== "current" && !/^session:.+/.test(target)) {
    throw invalid("sessionTarget is main, isolated, current or session:<key>.");
  }
  if (target === "isolated" && payload.kind === "systemEvent") {
    throw invalid("A system event goes to a session that lasts, not to isolated.");
  }
  return target;
}

function parseDelivery(input: Fields): JobSpec["delivery"] {
  const { mode = "none", channel } = input;
  // `last` is where the agent's owner spoke last: the main session, which is where an announced reply goes.
  if (mode === "webhook" || (channel !== undefined && channel !== "last") || input["to"] !== undefined) {
    throw new OpenClawError("CRON_KIND_UNSUPPORTED", {
      why: "A reply is delivered to a session, not to a channel or webhook.", next: "Use delivery.mode none or announce.",
    });
  }
  refuseUnknown(input, ["mode", "channel"], "delivery");
  return { mode: oneOf(mode, "delivery.mode", ["none", "announce"] as const) };
}

/** The first words of what it says, for jobs without a name. */
function describePayload(payload: Payload): string {
  const words = payload.kind === "systemEvent" ? payload.text : payload.message;
  return words.replace(/\s+/g, " ").trim().slice(0, 60);
}

function unsupported(what: string, kind: unknown): OpenClawError {
  const reason = typeof kind === "string" && Object.hasOwn(KINDS_NOT_OFFERED, kind) ? KINDS_NOT_OFFERED[kind] : undefined;
  const why = reason ?? `${what}.kind is ${JSON.stringify(kind)?.slice(0, 80) ?? "missing"}.`;
  return new OpenClawError("CRON_KIND_UNSUPPORTED", { why, detail: { kind: typeof kind === "string" ? kind.slice(0, 80) : null } });
}

function refuseUnknown(input: Fields, known: readonly string[], what: string): void {
  const extra = Object.keys(input).find((name) => !known.includes(name));
  // Left out, it could widen what the job may do without anybody noticing.
  if (extra !== undefined) throw invalid(`${what} has no ${JSON.stringify(extra.slice(0, 64))}. It has: ${known.join(", ")}.`);
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`${what} is not an object.`);
  return value as Fields;
}

function optional<N extends string>(input: Fields, name: N, charsMax: number): { readonly [K in N]?: string } {
  const value = input[name];
  return value === undefined || value === null ? {} : ({ [name]: text(value, name, charsMax) } as { readonly [K in N]: string });
}

function said(value: unknown, what: string): string {
  const words = text(value, what, SCHEDULE_LIMITS.textChars);
  if (words.trim() === "") throw invalid(`${what} is empty.`);
  return words;
}

function text(value: unknown, what: string, charsMax: number): string {
  if (typeof value !== "string") throw invalid(`${what} is not a text.`);
  if (value.length > charsMax) throw invalid(`${what} is longer than ${charsMax} characters.`);
  return value;
}

function number(value: unknown, what: string, min: number, max: number): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    throw invalid(`${what} is not a whole number from ${min} to ${max}.`);
  }
  return value;
}

function flag(value: unknown, what: string): boolean {
  if (typeof value !== "boolean") throw invalid(`${what} is not true or false.`);
  return value;
}

function oneOf<const T extends readonly string[]>(value: unknown, what: string, allowed: T): T[number] {
  const found = allowed.find((choice) => choice === value);
  if (found === undefined) throw invalid(`${what} is one of ${allowed.join(", ")}.`);
  return found;
}

function invalid(why: string): OpenClawError {
  return new OpenClawError("PARAMS_INVALID", { why, next: "See docs/guide/schedule.md." });
}
