/** Where alerts look, and to whom they are brought: loaded at the first look. */
import { X509Certificate } from "node:crypto";
import { statfs } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { performance } from "node:perf_hooks";
import { hasCode } from "@openclaw/protocol";
import type { Models } from "../cognition/models.ts";
import type { Agents } from "../control/agents.ts";
import type { AlertsDeps, Reading, ShownAlert } from "../control/alerts.ts";
import type { Channels, Intake } from "../control/channels.ts";
import type { Gateway } from "../control/gateway.ts";
import type { Actuators } from "../execution/intents.ts";
import type { Nodes } from "../execution/nodes.ts";
import { HOME_TENANT, type Identity } from "../fabric/identity.ts";
import type { Ledger } from "../fabric/ledger.ts";
import type { Logger } from "../fabric/telemetry.ts";
import { actuatorPrincipal } from "./compose-actuators.ts";
import type { QueueDesk } from "./compose-fan-out.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeAlertsDeps {
  readonly config: () => Config;
  readonly stateDir: string;
  /** Of the certificate that is shown, as PEM. */
  readonly certificate: string | undefined;
  readonly gateway: () => Gateway | undefined;
  readonly nodes: Pick<Nodes, "list">;
  readonly queues: Pick<QueueDesk, "rows">;
  readonly models: Pick<Models, "resting">;
  readonly ledger: Pick<Ledger, "budgets">;
  readonly agents: Pick<Agents, "list">;
  readonly identity: Pick<Identity, "devices">;
  readonly actuators: Pick<Actuators, "handOver">;
  readonly intake: Pick<Intake, "receiveInbound">;
  /** Undefined while none is open. */
  readonly channels: () => Pick<Channels, "issues" | "status"> | undefined;
  readonly log: Pick<Logger, "warn">;
}

const MB = 1_048_576;
/** With these it is tried again; with any other the same would only fail again. */
const PASSING = [
  "ENGINE_UNAVAILABLE", "BACKPRESSURE", "SESSION_QUEUE_FULL", "GATEWAY_STARTING", "GATEWAY_STOPPING", "CLOSED", "DISK_FULL", "FILE_LOCKED",
] as const;
const RANK = { problem: 0, attention: 1, notice: 2 } as const;

export function composeAlerts(deps: ComposeAlertsDeps): Pick<AlertsDeps, "read" | "deliver"> {
  let loop = performance.eventLoopUtilization();
  const untilMs = deps.certificate === undefined ? undefined : Date.parse(new X509Certificate(deps.certificate).validTo);

  const read = async (): Promise<Reading> => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, loop);
    loop = now;
    const [queues, budgets, diskFreeMb] = await Promise.all([deps.queues.rows(), readBudgets(deps), readDisk(deps.stateDir)]);
    return {
      queues, budgets, loopPercent: utilization * 100, rssMb: process.memoryUsage.rss() / MB,
      memoryFreePercent: (freemem() / totalmem()) * 100, authRefused: deps.gateway()?.counters().authRefused ?? 0,
      nodes: deps.nodes.list().filter(({ paired }) => paired).map(({ nodeId, displayName, connected, lastSeenAtMs }) =>
        ({ nodeId, name: displayName ?? nodeId, connected, lastSeenMs: lastSeenAtMs })),
      channels: readChannels(deps.channels()),
      resting: deps.models.resting().map(({ credential, model, code, failures, sinceMs }) =>
        ({ name: model === "*" ? `every model of ${credential}` : model, code, failures, sinceMs })),
      devices: deps.identity.devices().map(({ deviceId, label, face, roles, approvedAtMs, approvedVia }) => ({
        deviceId, name: label ?? face.displayName ?? face.clientId, roles: Object.keys(roles).join(" and "), approvedAtMs,
        rotatedAtMs: Math.max(0, ...Object.values(roles).map(({ rotatedAtMs }) => rotatedAtMs ?? 0)), silently: approvedVia === "silent",
      })),
      ...(diskFreeMb === undefined ? {} : { diskFreeMb }), ...(untilMs === undefined ? {} : { certificateUntilMs: untilMs }),
    };
  };

  const deliver = async (alert: ShownAlert, text: string): Promise<void> => {
    const { session, actuator, params = {}, least = "attention" } = deps.config().alerts?.deliver ?? {};
    if (RANK[alert.severity] > RANK[least]) return;
    try {
      // Names of nodes, devices and sessions are other people's words.
      const principal = actuatorPrincipal("outside");
      if (session !== undefined) await deps.intake.receiveInbound({
        sessionKey: session, text, idempotencyKey: `${alert.id}-alert`, principal, channel: "alerts", relays: 1,
      });
      if (actuator !== undefined) await deps.actuators.handOver(`${alert.id}-alert`, {
        to: actuator, params: fill(params, alert, text), sessionKey: null, label: "outside", relays: 1,
      });
    } catch (error) {
      if (PASSING.some((code) => hasCode(error, code))) throw error;
      deps.log.warn("alert.undeliverable", { id: alert.id, code: alert.code, error });
    }
  };
  return { read, deliver };
}

/** Asked only where there is one: the accounts are brought up to date for it. */
async function readBudgets({ config, ledger, agents }: ComposeAlertsDeps): Promise<Reading["budgets"]> {
  const { ledger: { budgets, currency = "USD" } = {} } = config();
  if (budgets === undefined) return [];
  const states = await ledger.budgets(HOME_TENANT, agents.list().map(({ id }) => id));
  return states.flatMap(({ scope, id, period, costLimitMicros, tokensLimit, costSpentMicros, tokensSpent, renewsAtMs }) => {
    const span = period === "day" ? "today" : period === "month" ? "this month" : "in all";
    const name = `${scope === "tenant" ? "All agents" : `Agent ${id}`}, ${span}`;
    const one = (unit: string, spent: number, limit: number | undefined): Reading["budgets"] =>
      // Nothing allowed is a wish, and no limit that was reached.
      (limit === undefined || limit === 0 ? [] : [{
        key: `${scope} ${id} ${period} ${unit}`, name: `${name}, ${unit}`, spentPercent: (spent / limit) * 100, renewsAtMs,
      }]);
    return [...one(currency, costSpentMicros, costLimitMicros), ...one("tokens", tokensSpent, tokensLimit)];
  });
}

function readChannels(channels: Pick<Channels, "issues" | "status"> | undefined): Reading["channels"] {
  const since = new Map((channels?.status() ?? []).map(({ channel, accountId, sinceMs }) => [`${channel} ${accountId}`, sinceMs]));
  return (channels?.issues() ?? []).filter(({ kind }) => kind !== "config").map(({ channel, accountId, kind, message, fix }) => ({
    name: `${channel} ${accountId}`, kind: kind === "unsure" ? "unsure" : "down", what: message, next: fix,
    sinceMs: kind === "unsure" ? undefined : since.get(`${channel} ${accountId}`),
  }));
}

async function readDisk(path: string): Promise<number | undefined> {
  try {
    const { bsize, bavail } = await statfs(path);
    return (bsize * bavail) / MB;
  } catch {
    return undefined;
  }
}

/** The alert, its words or its id where the configuration names them. */
function fill(params: Readonly<Record<string, unknown>>, alert: ShownAlert, text: string): Readonly<Record<string, unknown>> {
  const one = (value: unknown): unknown => {
    if (value === "$alert") return alert;
    if (value === "$json") return JSON.stringify(alert);
    if (typeof value === "string") return value.replaceAll("$text", () => text).replaceAll("$id", () => alert.id);
    if (Array.isArray(value)) return value.map(one);
    return typeof value === "object" && value !== null ? fill(value as Readonly<Record<string, unknown>>, alert, text) : value;
  };
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, one(value)]));
}
