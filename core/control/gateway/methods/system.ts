/** Health, status, presence, log: the gateway about itself. */
import { statfs } from "node:fs/promises";
import { arch, cpus, freemem, hostname, loadavg, platform, release, totalmem } from "node:os";
import type { Clock } from "../../../base/clock.ts";
import type { GatewayKey } from "../../../fabric/identity.ts";
import type { MethodHandlers } from "../method.ts";
import { refusal } from "../refuse.ts";

type Facts = Readonly<Record<string, unknown>>;

export interface SystemDeps {
  readonly clock: Clock;
  /** The gateway's own public key. */
  readonly gatewayKey: GatewayKey;
  /** Facts of the other rooms: `{defaultAgentId, agents, sessions, channels, …}`. Cheap: it is asked for every `health`. */
  readonly health: () => Readonly<Record<string, unknown>>;
  /** What `health` counts is counted again; undefined where that is not long ago. */
  readonly refreshHealth?: () => Promise<void> | undefined;
  /** Facts of the other rooms: `{sessions, heartbeat, tasks, …}`. */
  readonly status: (wish: { readonly includeCliProjection?: boolean }) => Facts | Promise<Facts>;
  /** How late the event loop has been since the last time it was asked for. */
  readonly eventLoop: () => unknown;
  /** Where everything is kept. */
  readonly stateDir: string;
  readonly tailLog: (options: { readonly cursor?: number; readonly limit?: number; readonly maxBytes?: number }) => Promise<LogPage>;
}

interface LogPage { readonly lines: readonly string[] }

export function systemMethods(deps: SystemDeps): MethodHandlers {
  return {
    health: () => deps.refreshHealth?.()?.then(() => readHealth(deps)) ?? readHealth(deps),
    status: async (params, { gateway }) => ({
      runtimeVersion: gateway.version,
      uptimeMs: deps.clock.now() - gateway.startedAtMs,
      pid: process.pid,
      processMemory: readMemory(),
      eventLoop: deps.eventLoop(),
      connections: gateway.counters(),
      channelSummary: [],
      queuedSystemEvents: [],
      ...(await deps.status(params as { readonly includeCliProjection?: boolean })),
    }),
    "dashboard.link": (_params, { gateway }) => gateway.dashboardLink(),
    "system-presence": (_params, { gateway }) => gateway.presence(),
    "gateway.identity.get": () => ({ deviceId: deps.gatewayKey.deviceId, publicKey: deps.gatewayKey.publicKey }),
    "system.info": async (_params, { gateway }) => ({
      ...describeMachine(gateway.port, deps.clock.now() - gateway.startedAtMs), eventLoop: deps.eventLoop(), processMemory: readMemory(),
      ...(await readDisk(deps.stateDir)),
    }),
    "logs.tail": async (params) => {
      const page = await deps.tailLog(params as { cursor?: number; limit?: number; maxBytes?: number });
      return { ...page, lines: page.lines.map(withMessage) };
    },
    "users.self": () => {
      throw refusal("GATE_REFUSED", "users.self requires an authenticated user", { reason: "no-profile" });
    },
    "users.prefs.get": () => ({ status: "ok", entries: {} }),
    "question.list": () => ({ questions: [] }),
    "taskSuggestions.list": () => ({ suggestions: [] }),
  };
}

/** Clients show a record's `time` and `message`; ours says them as `ts`, and as an event with fields. Not parsed: a page has thousands. */
function withMessage(line: string): string {
  const [head, ts, event, fields] = /^\{"ts":("[^"]*"),"level":"\w+","event":"([^"\\]*)"(.*)\}$/.exec(line) ?? [];
  if (head === undefined || fields === undefined) return line;
  const message = fields === "" ? event : `${event} {${fields.slice(1)}}`;
  return `${line.slice(0, -1)},"time":${ts},"message":${JSON.stringify(message)}}`;
}

/** What `health` answers, and the event of that name carries. */
export function readHealth(deps: Pick<SystemDeps, "clock" | "health">): Readonly<Record<string, unknown>> {
  const startedMs = deps.clock.monotonic();
  const facts = deps.health();
  return {
    ok: true,
    ts: deps.clock.now(),
    durationMs: Math.round(deps.clock.monotonic() - startedMs),
    plugins: { loaded: [], errors: [], unavailable: [] },
    configReload: { hotReloadStatus: "ok" },
    channels: {},
    channelOrder: [],
    channelLabels: {},
    heartbeatSeconds: 0,
    agents: [],
    sessions: { count: 0, recent: [] },
    ...facts,
  };
}

/** Under the wire's names; the shorter ones are what this program's own clients read. */
function readMemory(): Readonly<Record<string, number>> {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    rss, heapTotal, heapUsed, external, arrayBuffers, rssBytes: rss, heapTotalBytes: heapTotal, heapUsedBytes: heapUsed,
    externalBytes: external, arrayBuffersBytes: arrayBuffers,
  };
}

function describeMachine(port: number, uptimeMs: number): Record<string, unknown> {
  const processors = cpus();
  return {
    machineName: hostname(),
    hostname: hostname(),
    platform: platform(),
    release: release(),
    arch: arch(),
    osLabel: `${platform()} ${release()}`,
    port,
    nodeVersion: process.version,
    pid: process.pid,
    uptimeMs: Math.max(0, Math.round(uptimeMs)),
    cpuCount: processors.length,
    cpuModel: processors[0]?.model ?? "unknown",
    loadAverage: loadavg(),
    memoryTotalBytes: totalmem(),
    memoryFreeBytes: freemem(),
  };
}

/** The disk that what is kept lies on; nothing where it does not say. */
async function readDisk(path: string): Promise<Record<string, unknown>> {
  try {
    const { bsize, blocks, bavail } = await statfs(path);
    const [totalBytes, availableBytes] = [blocks * bsize, bavail * bsize];
    return {
      disks: [{ path, totalBytes, availableBytes }], diskPath: path, diskTotalBytes: totalBytes, diskAvailableBytes: availableBytes,
    };
  } catch {
    return { disks: [] };
  }
}
