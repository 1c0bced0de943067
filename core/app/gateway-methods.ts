/** Every method the gateway answers, each given what it needs. */
import { randomUUID } from "node:crypto";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Models } from "../cognition/models.ts";
import type { Agents } from "../control/agents.ts";
import type { Alerts } from "../control/alerts.ts";
import type { Channels, Intake, LateChannels } from "../control/channels.ts";
import {
  agentMethods, alertMethods, approvalMethods, artifactMethods, channelMethods, chatMethods, createDescribeDefaults, createReadFiles,
  deviceMethods, nodeMethods,
  queueMethods, readHealth, restartMethods, scheduleMethods,
  sessionContextMethods, sessionMethods, sessionPastMethods, setupMethods, systemMethods, taskMethods, usageMethods, voiceMethods,
  type Broadcaster, type ArtifactMethodDeps, type ChannelMethodDeps, type MethodHandlers, type SetupMethodDeps, type SystemDeps,
  type VoiceWake,
} from "../control/gateway.ts";
import type { MediaLimits } from "../control/media.ts";
import type { Scheduler } from "../control/schedule.ts";
import { parseSessionKey, type Sessions } from "../control/sessions.ts";
import type { ExecApprovalRequest, OperatorInvoker } from "../execution/intents.ts";
import { formatInvokeError, type Nodes } from "../execution/nodes.ts";
import type { Approvals } from "../execution/policy.ts";
import { HOME_TENANT, type Identity } from "../fabric/identity.ts";
import type { Ledger } from "../fabric/ledger.ts";
import { readLogTail, type LoopWatch } from "../fabric/telemetry.ts";
import { OpenClawError, reword } from "@openclaw/protocol";
import type { AgentDesk } from "./compose-agents.ts";
import type { ComposedExec } from "./compose-exec.ts";
import type { QueueDesk } from "./compose-fan-out.ts";
import { createDescribeGateway } from "./describe-gateway.ts";

export interface GatewayMethodsDeps {
  readonly sessions: Sessions;
  readonly intake: Intake;
  readonly agents: Agents;
  readonly models: Models;
  readonly identity: Identity;
  readonly nodes: Nodes;
  readonly operator: OperatorInvoker;
  readonly exec: ComposedExec;
  readonly approvals: Approvals;
  readonly scheduler: Scheduler;
  readonly queues: QueueDesk;
  readonly ledger: Ledger;
  /** The token a session's key stands under. */
  readonly tokenOf: (sessionKey: string) => string;
  readonly clock: Clock;
  readonly loop: LoopWatch;
  readonly config: MethodHandlers;
  readonly channelSetup: ChannelMethodDeps["setup"];
  readonly restart: (delayMs: number, reason: string) => void;
  readonly logsDir: string;
  readonly files: ArtifactMethodDeps["files"];
  readonly mediaLimits: () => Partial<MediaLimits>;
  readonly desk: AgentDesk;
  readonly voice: VoiceWake;
  readonly tell: (event: string, payload: unknown) => void;
  readonly addresses: SetupMethodDeps["addresses"];
  readonly authMode: SetupMethodDeps["authMode"];
  /** The file sessions are kept in. */
  readonly store: string;
  readonly broadcaster: Pick<Broadcaster, "changed" | "textSoFar">;
  readonly alerts: () => Promise<Alerts>;
  readonly channels: LateChannels;
}

export interface GatewayMethods {
  readonly handlers: MethodHandlers;
  readonly health: () => Readonly<Record<string, unknown>>;
}

export function gatewayMethods(deps: GatewayMethodsDeps): GatewayMethods {
  const { sessions, intake, agents, models, identity, nodes, operator, exec, approvals, clock } = deps;
  const now = (): number => clock.now();
  const readFiles = createReadFiles(deps.mediaLimits);
  const describe = createDescribeGateway({ agents, sessions, models, clock, store: deps.store });
  const system: SystemDeps = {
    clock, gatewayKey: identity.gateway, stateDir: dirname(dirname(deps.store)), eventLoop: () => deps.loop.read(),
    health: () => ({ ...describe.health(), ...channelHealth(deps.channels.loaded?.status() ?? []) }), refreshHealth: describe.refresh,
    status: async ({ includeCliProjection = false }) => ({
      ...(await describe.status(includeCliProjection)),
      nodes: { paired: nodes.list().length, connected: nodes.list().filter((node) => node.connected).length },
      approvals: { waiting: approvals.list().length },
      queues: await deps.queues.rows(),
      alerts: await alertsOpen(deps),
      models: { resting: models.resting() },
    }),
    tailLog: (options) => readLogTail({ dir: deps.logsDir, ...options }),
  };
  const defaultsOf = createDescribeDefaults({ agents, models });
  const list = (): unknown => ({ ts: now(), nodes: nodes.list() });
  return {
    health: () => readHealth(system) as Readonly<Record<string, unknown>>,
    handlers: {
      ...systemMethods(system),
      ...deps.config,
      ...restartMethods({
        clock, sessions, waiting: () => approvals.list().length, restart: deps.restart,
        jobsRunning: async () => (await deps.scheduler.status()).running,
      }),
      ...deviceMethods({ identity }),
      ...setupMethods({ identity, addresses: deps.addresses, authMode: deps.authMode }),
      ...usageMethods({
        ledger: deps.ledger, tenant: HOME_TENANT, agentIds: () => agents.list().map(({ id }) => id), resting: models.resting, now,
        tokenOf: (key) => deps.tokenOf(parseSessionKey(key, agents.defaultId).key),
        keysOf: (tokens) => keysOf(deps, tokens),
      }),
      ...deps.desk.handlers,
      ...alertMethods({ alerts: deps.alerts, clock }),
      ...approvalMethods({
        approvals,
        request: (params, client) => exec.clientApprovals.request(params as ExecApprovalRequest, client.principal.id),
        ask: (nodeId, command, params, signal) => exec.ask(nodeId, command, params, signal).catch(async (error: unknown) => {
          throw await asWireError(error, command);
        }),
      }),
      ...queueMethods(deps.queues),
      ...nodeMethods({
        directory: {
          list,
          describe: async (nodeId) => {
            const node = nodes.describe(nodeId);
            if (node !== null) return { ts: now(), ...node, ...await wordsOf(node.nodeId) };
            const names = nodes.list().map((known) => known.displayName).join(", ") || "none";
            throw reword(new OpenClawError("NODE_UNKNOWN", { why: `Nodes: ${names}.` }), UNKNOWN_NODE);
          },
          rename: (nodeId, displayName) => nodes.rename(nodeId, displayName).catch((error: unknown) => {
            throw error instanceof OpenClawError && error.code === "NODE_UNKNOWN" ? reword(error, UNKNOWN_NODE) : error;
          }),
          drain: (nodeId, draining) => nodes.drain(nodeId, draining),
          retag: (nodeId, tags) => nodes.retag(nodeId, tags),
          telemetry: (nodeId) => ({ ts: now(), nodes: nodes.telemetry(nodeId) }),
          pairList: () => nodes.pairs(),
          approve: (requestId, by) => nodes.approve(requestId, by),
          reject: (requestId, by) => nodes.reject(requestId, by),
          remove: async (nodeId) => {
            const removed = await nodes.remove(nodeId);
            await identity.remove(nodeId).catch(() => undefined);
            return removed;
          },
        },
        invoke: async (request, client, signal) => {
          try {
            const { nodeId, payload } = await operator.invoke({ ...request, principal: client.principal }, signal);
            return { ok: true, nodeId, command: request.command, payload, payloadJSON: JSON.stringify(payload) };
          } catch (error) {
            throw await asWireError(error, request.command);
          }
        },
      }),
      ...artifactMethods({ sessions, agents, files: deps.files }),
      ...chatMethods({ sessions, intake, agents, readFiles, ...deps.desk, defaultsOf, textSoFar: deps.broadcaster.textSoFar }),
      ...agentMethods({
        sessions, intake, agents, now, commands: deps.desk.commands, readFiles,
        labelOf: (ref) => models.resolveModel(ref).then(({ label }) => label, () => ref),
      }),
      ...sessionMethods({
        sessions, intake, agents, now, readFiles, checkModel: models.resolveModel, approvals: exec.sessionApprovals, defaultsOf,
        contextTokensOf: (ref) => models.resolveModel(ref).then(({ info }) => info.contextTokens, () => undefined),
      }),
      ...sessionContextMethods({
        sessions, agents,
        onCompacted: (key) => void sessions.describe(key).then((row) => {
          if (row !== null) deps.broadcaster.changed(row, "compact");
        }, () => undefined),
      }),
      ...sessionPastMethods({ sessions, agents, newId: () => randomUUID() }),
      ...scheduleMethods({ scheduler: deps.scheduler, agents }),
      ...channelMethods({ now, setup: deps.channelSetup, eventLoop: () => deps.loop.read(), channels: deps.channels.whole }),
      ...taskMethods({ sessions }),
      ...voiceMethods({ voice: deps.voice, now, tell: deps.tell }),
    },
  };
}

/** What `health` says of messengers. */
function channelHealth(accounts: ReturnType<Channels["status"]>): object {
  const order = [...new Set(accounts.map(({ channel }) => channel))];
  return {
    channelOrder: order,
    channelLabels: Object.fromEntries(accounts.map(({ channel, label }) => [channel, label])),
    channels: Object.fromEntries(order.map((name) => {
      const own = accounts.filter(({ channel }) => channel === name);
      const shown = own.map(({ accountId, phase, sinceMs, why }) => (
        { accountId, state: phase, sinceMs, ...(why === undefined ? {} : { lastError: why }) }
      ));
      return [name, { configured: true, connected: own.some(({ phase }) => phase === "up"), accounts: shown }];
    })),
  };
}

const ALERTS_SHOWN_MAX = 20;

/** The most severe, for `status`. */
async function alertsOpen({ alerts }: GatewayMethodsDeps): Promise<object> {
  const { open } = (await alerts()).list();
  const shown = open.filter(({ muted }) => !muted);
  const count = (severity: string): number => shown.filter((alert) => alert.severity === severity).length;
  return {
    problem: count("problem"), attention: count("attention"), notice: count("notice"), muted: open.length - shown.length,
    open: shown.slice(0, ALERTS_SHOWN_MAX),
  };
}

/** Read from the list of sessions until all are found. */
async function keysOf({ sessions, tokenOf }: GatewayMethodsDeps, tokens: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  if (tokens.size === 0) return found;
  for await (const { key } of sessions.rows()) {
    const token = tokenOf(key);
    if (tokens.has(token)) found.set(token, key);
    if (found.size === tokens.size) break;
  }
  return found;
}

/** A node's id is the fingerprint of its key. */
async function wordsOf(nodeId: string): Promise<{ readonly fingerprintWords?: readonly string[] }> {
  const { fingerprintWords, parseFingerprint } = await import("../fabric/certificate.ts");
  return parseFingerprint(nodeId) === undefined ? {} : { fingerprintWords: fingerprintWords(nodeId) };
}

const UNKNOWN_NODE = { code: "INVALID_REQUEST", message: "unknown nodeId" } as const;

/** Node failures have a shape of their own on the wire; the code that clients know goes along. */
async function asWireError(error: unknown, command: string): Promise<unknown> {
  if (!(error instanceof OpenClawError)) return error;
  return reword(error, await formatInvokeError(error, command));
}
