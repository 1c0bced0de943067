/** From kept frames to a recording that is fit to be kept in a tree: no secrets, no paths of this machine, no ids of one day. */
import { BESIDE, isPiece, nameEvent, type Line, type Shape } from "../../testkit/recording.ts";
import type { KeptFrame } from "../../testkit/recording-proxy.ts";

/**
 * `name` is the recording's: what a client made up is called after it. `hidden`: the token, then directories; each is replaced
 * wherever it stands in what a client said.
 */
export function normaliseFrames(kept: readonly KeptFrame[], name: string, hidden: readonly string[]): readonly Line[] {
  const hellos = kept.filter(({ from, frame }) => from === "client" && methodOf(frame) === "connect");
  const begun = new Set(hellos.map(({ connection }) => connection));
  const frames = kept.filter(({ connection }) => begun.has(connection));
  const names = nameValues(frames, name, hidden);
  const connections = numbered([...begun]);
  const lines: Line[] = [];
  const requests = new Map<string, string>();
  const elsewhere = new Set<string>();
  const told = new Set<string>();
  for (const { connection, from, frame } of frames) {
    const c = connections.get(connection) ?? 0;
    const whole = frame as Frame;
    if (typeof whole.close === "number") {
      lines.push({ c, closed: from === "client" ? null : whole.close });
    } else if (from === "client") {
      const id = `r${requests.size + 1}`;
      requests.set(`${c} ${whole.id ?? ""}`, id);
      if (asksElsewhere(whole, names)) elsewhere.add(id);
      lines.push(asSaid(c, id, whole, names));
    } else if (whole.type === "res") {
      const { ok = false, payload, error } = whole;
      const answer = requests.get(`${c} ${whole.id ?? ""}`);
      if (answer === undefined) continue;
      const shape = ok ? shapeOf(payload, names) : "null";
      const told = elsewhere.has(answer) ? { ...(shape as object), messages: [] } : shape;
      lines.push({ c, answer, ok, shape: told, ...(ok ? {} : { error: error?.code ?? "" }) });
    } else if (whole.event !== undefined && !BESIDE.has(whole.event)) {
      const event = nameEvent(whole.event, whole.payload);
      const runId = (whole.payload as { readonly runId?: string } | undefined)?.runId;
      const run = runId === undefined ? undefined : names.own.get(runId);
      if (isPiece(event) && told.has(`${c} ${runId ?? ""} ${event}`)) continue;
      told.add(`${c} ${runId ?? ""} ${event}`);
      lines.push({ c, event, ...(run === undefined ? {} : { run }), shape: shapeOf(whole.payload, names) });
    }
  }
  return lines;
}

/** A look into whatever session stood at some place of a list: which one that is differs from time to time. */
function asksElsewhere({ method, params }: Frame, names: Names): boolean {
  return method === "chat.history" && names.taken.has((params as { readonly sessionKey?: string } | undefined)?.sessionKey ?? "");
}

export function recordingText(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

interface Frame {
  readonly type?: string;
  readonly id?: string;
  readonly method?: string;
  readonly params?: unknown;
  readonly ok?: boolean;
  readonly payload?: unknown;
  readonly error?: { readonly code: string };
  readonly event?: string;
  readonly close?: number;
}

interface Names {
  /** Values a client made up, by what stands for them. */
  readonly own: ReadonlyMap<string, string>;
  /** Values that came from the gateway and were used by a client later. */
  readonly taken: ReadonlyMap<string, string>;
  readonly devices: ReadonlyMap<string, number>;
  /** Replaces what stands inside a longer text. */
  readonly clean: (text: string) => string;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** What a gateway makes up: ids, keys, tokens. */
const MADE_UP = /^(?=.*\d)[A-Za-z0-9_.:-]{20,}$/;

function nameValues(frames: readonly KeptFrame[], prefix: string, hidden: readonly string[]): Names {
  const [own, taken, devices] = [new Map<string, string>(), new Map<string, string>(), new Map<string, number>()];
  const seen = new Set<string>();
  for (const { from, frame } of frames) {
    if (from === "gateway") {
      eachText((frame as Frame).payload, (text) => void (MADE_UP.test(text) && seen.add(text)));
      continue;
    }
    const { params, method } = frame as Frame;
    const { device } = (params ?? {}) as { readonly device?: { readonly id: string } };
    if (method === "connect" && device !== undefined && !devices.has(device.id)) devices.set(device.id, devices.size + 1);
    eachText(params, (text) => {
      if (seen.has(text)) {
        if (!taken.has(text) && !own.has(text)) taken.set(text, `$${taken.size + 1}`);
        return;
      }
      for (const id of text.match(UUID) ?? []) if (!own.has(id) && !seen.has(id)) own.set(id, `${prefix}-${own.size + 1}`);
    });
  }
  const [token = "", ...dirs] = hidden;
  const clean = (text: string): string => {
    let cleaned = text.replaceAll(token, "$token");
    dirs.forEach((dir, at) => (cleaned = cleaned.replaceAll(dir, at === 0 ? "$scratch" : "$home")));
    for (const [value, name] of taken) cleaned = cleaned.replaceAll(value, name);
    return cleaned.replace(UUID, (id) => own.get(id) ?? taken.get(id) ?? id);
  };
  return { own, taken, devices, clean };
}

function asSaid(c: number, id: string, { method = "", params }: Frame, names: Names): Line {
  const { device, pathEnv, ...rest } = (params ?? {}) as { readonly device?: { readonly id: string }; readonly pathEnv?: string };
  const said = method === "connect" ? { ...rest, ...(pathEnv === undefined ? {} : { pathEnv: "/usr/bin:/bin" }) } : params;
  const proof = method === "connect" && device !== undefined ? { device: names.devices.get(device.id) ?? 1 } : {};
  return { c, send: { id, method, ...(said === undefined ? {} : { params: renamed(said, names) }) }, ...proof };
}

function renamed(value: unknown, names: Names): unknown {
  if (typeof value === "string") return names.taken.get(value) ?? names.clean(value);
  if (Array.isArray(value)) return value.map((one) => renamed(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, renamed(one, names)]));
}

/** Said as it is: what a client decides by. How far something is, only where the answer is about that. */
const TELLING = new Set(["state", "phase", "stream", "role", "kind", "decision", "command", "type", "approvalState", "subscribed", "ok"]);
/** There at one moment and not at the next, inside a list or a row. */
const PASSING = new Set([
  "startedAt", "endedAt", "error", "errorCode", "activeRunIds", "lastRunId", "durationMs", "summary", "sessionKey", "lastRunAtMs",
  "lastRunStatus", "lastDurationMs", "runningAtMs", "label", "thinkingLevel", "verboseLevel", "sessionInfo", "messages", "reason",
  "derivedTitle", "lastMessagePreview",
]);
/** Differs from machine to machine and from day to day, or is only shown. */
const UNTOLD = new Set([
  "features", "health", "presence", "hostStats", "eventLoop", "lines", "details", "inFlightRun", "config", "parsed", "recent",
  "sourceConfig", "resolved", "runtimeConfig",
]);

function shapeOf(value: unknown, names: Names, key = "", depth = 0): Shape {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string") {
    const isTelling = (TELLING.has(key) || (key === "status" && depth === 1)) && value.length <= 40;
    return names.taken.get(value) ?? (isTelling ? `=${value}` : "string");
  }
  if (typeof value !== "object") return typeof value;
  if (Array.isArray(value)) {
    const shapes = value.map((one) => shapeOf(one, names, "", depth + 1));
    const needed = shapes.findLastIndex((shape) => JSON.stringify(shape).includes('"$'));
    return shapes.slice(0, Math.max(needed + 1, Math.min(1, shapes.length)));
  }
  const isTold = (name: string, one: unknown): boolean => {
    if (UNTOLD.has(name) || MADE_UP.test(name) || names.own.has(name)) return false;
    return !PASSING.has(name) || depth === 0 || names.taken.has(String(one));
  };
  const members = Object.entries(value).filter(([name, one]) => isTold(name, one));
  return Object.fromEntries(members.map(([name, one]) => [name, shapeOf(one, names, name, depth + 1)]));
}

function eachText(value: unknown, see: (text: string) => void): void {
  if (typeof value === "string") see(value);
  else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) eachText(one, see);
}

function numbered(values: readonly number[]): ReadonlyMap<number, number> {
  return new Map(values.toSorted((a, b) => a - b).map((value, at) => [value, at]));
}

function methodOf(frame: unknown): string | undefined {
  return (frame as Frame).method;
}
