/** docs/protocol.md: frames, limits, roles, methods and events, as the tables of protocol/ say them. */
import type { JsonSchema } from "@openclaw/protocol";
import { CLOSE, DEFAULT_PORT, PROTOCOL_VERSION, PROTOCOL_VERSION_MIN, requestFrame, WIRE_LIMITS } from "../../protocol/frames.ts";
import type { MethodSpec } from "../../protocol/method.ts";
import { ROLES, SCOPES } from "../../protocol/method.ts";
import { code, formatHead, formatTable } from "./markdown.ts";
import { formatSchema } from "./schema-notation.ts";

/** As much of an event's row as the page shows. */
export interface EventRow {
  readonly scope?: string;
  readonly audience?: string;
  readonly nodes?: true;
  readonly direct?: true;
  readonly hidden?: true;
  readonly summary: string;
  readonly payload: string;
}

export function formatProtocolPage(methods: Readonly<Record<string, MethodSpec>>, events: Readonly<Record<string, EventRow>>): string {
  const about = `One WebSocket, one JSON object per text frame, on port ${DEFAULT_PORT}. This is version ${PROTOCOL_VERSION}; nodes and
probes may offer ${PROTOCOL_VERSION_MIN}. The gateway speaks first (\`connect.challenge\`), the client answers with \`connect\`, and
\`hello-ok\` lists what it may call.
Every frame is checked on arrival; an unknown field of a request is an error.`;
  const limits = Object.entries(WIRE_LIMITS).map(([name, value]) => [code(name), value.toLocaleString("en-GB")]);
  const closings = Object.entries(CLOSE).map(([name, value]) => [code(String(value)), closeMeanings[name as keyof typeof CLOSE]]);
  return [
    formatHead("Protocol", "protocol/", about),
    "## Frames\n",
    fence(`request   ${formatSchema(requestFrame as JsonSchema)}`, responseFrame, eventFrame),
    "An answer that failed carries one of the codes of [errors.md](errors.md) in `error.details.code`.\n",
    "## Limits\n",
    formatTable(["limit", "value"], limits),
    "## Why a socket was closed\n",
    formatTable(["code", "meaning"], closings),
    "## Roles and scopes\n",
    `Roles are ${ROLES.map(code).join(" and ")}. A scope is needed where a method or an event names one; \`operator.admin\` grants all,
\`operator.write\` includes \`operator.read\` and \`operator.talk\`. The scopes: ${SCOPES.map(code).join(", ")}.\n`,
    "## Methods\n",
    formatMethodTable(methods),
    ...Object.entries(methods).map(([name, spec]) => formatMethod(name, spec)),
    "## Events\n",
    formatEventTable(events),
    ...Object.entries(events).map(([name, row]) => `### Event \`${name}\`\n\n${row.summary}\n\n${fence(row.payload)}`),
  ].join("\n");
}

const responseFrame = `response  { type: "res"; id: string; ok: boolean; payload?: unknown; error?: WireError }`;
const eventFrame = `event     {
  type: "event";
  event: string;
  payload?: unknown;
  seq?: integer;
  stateVersion?: { presence: integer; health: integer };
}`;

const closeMeanings: Record<keyof typeof CLOSE, string> = {
  normal: "Either side was done.",
  protocol: "The frame is not one of this protocol.",
  policy: "Refused: authentication, role, limits, or a client that does not read.",
  tooBig: "The frame is larger than the limit.",
  restart: "The gateway stops or restarts; connect again.",
  tryAgain: "Too much is going on, or a ping was not answered; connect again later.",
  authChanged: "The credentials this connection used are no longer valid.",
};

function formatMethodTable(methods: Readonly<Record<string, MethodSpec>>): string {
  const rows = Object.entries(methods).map(([name, spec]) => [
    `[\`${name}\`](#${anchorOf(name)})`, spec.role, code(spec.scope ?? ""), spec.summary,
  ]);
  return formatTable(["method", "role", "scope", "what it does"], rows);
}

function formatMethod(name: string, spec: MethodSpec): string {
  const notes = [
    ...(spec.controlPlaneWrite === true ? ["At most 30 calls a minute for one actor."] : []),
    ...(spec.hidden === true ? ["Not listed in `hello-ok`."] : []),
  ];
  const body = fence(`params  ${formatSchema(spec.params)}`, `result  ${formatSchema(spec.result)}`);
  return `### \`${name}\`\n\n${[spec.summary, ...notes].join(" ")}\n\n${body}`;
}

function formatEventTable(events: Readonly<Record<string, EventRow>>): string {
  const rows = Object.entries(events).map(([name, row]) => [
    `[\`${name}\`](#event-${anchorOf(name)})`, code(row.scope ?? ""), audienceOf(row), row.summary,
  ]);
  return formatTable(["event", "scope", "reaches", "what it says"], rows);
}

function audienceOf(row: EventRow): string {
  const hidden = row.hidden === true ? "; not listed in `hello-ok`" : "";
  if (row.direct === true) return `one socket${hidden}`;
  if (row.audience === "session") return `who watches the session${hidden}`;
  return `${row.nodes === true ? "operators and nodes" : "operators"}${hidden}`;
}

const fence = (...lines: readonly string[]): string => `\`\`\`ts\n${lines.join("\n")}\n\`\`\`\n`;

/** How GitHub makes an anchor of a heading: dots vanish, letters become small. */
const anchorOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "");
