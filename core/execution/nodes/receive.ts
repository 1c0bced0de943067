/** What a connected node may ask of the gateway, by method: each parameter checked, each answer as documented. */
import {
  OpenClawError, artifactReadParams, artifactWriteParams, invokeAttachedParams, invokeProgressParams, invokeResultParams, nodeEventParams,
  type Infer, type JsonSchema, type NodeEventParams,
} from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";
import type { Artifacts } from "./artifacts.ts";
import type { Invocations } from "./invocations.ts";
import { NODE_SAMPLES, type KnownNode, type KnownNodes, type LiveNode, type NodeSample } from "./known-nodes.ts";

export interface ReceiveDeps {
  readonly nodes: KnownNodes;
  readonly invocations: Invocations;
  readonly artifacts: Artifacts;
  readonly now: () => number;
  readonly onEvent: (name: "node.hostStats", payload: unknown) => void;
}

const STATS_CHARS_MAX = 16_384;

/** Throws METHOD_UNKNOWN, PARAMS_INVALID, or what a transfer throws. */
export async function receiveFromNode(
  deps: ReceiveDeps, node: KnownNode, live: LiveNode, method: string, params: unknown
): Promise<unknown> {
  const { invocations, artifacts } = deps;
  const { nodeId } = live.link;
  switch (method) {
    case "node.invoke.progress": return invocations.progress(nodeId, parse(method, invokeProgressParams, params));
    case "node.invoke.result": {
      const checked = checkSchema(invokeResultParams, params);
      if (checked.ok) return invocations.result(nodeId, checked.value);
      invocations.resultMalformed(nodeId, (params as { id?: unknown } | null)?.id, `The result has no result's form: ${checked.text}.`);
      throw misfit(method, checked.text);
    }
    case "node.invoke.attached": return invocations.attached(nodeId, parse(method, invokeAttachedParams, params));
    case "node.event": return receiveEvent(deps, node, live, parse(method, nodeEventParams, params));
    case "node.artifact.write": {
      const piece = parse(method, artifactWriteParams, params);
      return artifacts.write(invocations.get(piece.invokeId), nodeId, piece);
    }
    case "node.artifact.read": {
      const wish = parse(method, artifactReadParams, params);
      return artifacts.read(invocations.get(wish.invokeId), nodeId, wish);
    }
    // Of other node programs, which expect an answer and do without what it would bring.
    case "node.pending.pull": case "node.pending.drain": return { nodeId, actions: [] };
    case "node.pending.ack": return { nodeId, acked: 0 };
    case "node.skills.update": return { nodeId, skills: [] };
    case "node.pluginTools.update": return { nodeId, tools: [] };
    case "node.runnerInventory.update": return { nodeId };
    case "skills.bins": return { bins: [] };
    default: throw new OpenClawError("METHOD_UNKNOWN", { why: `Nodes may not call ${method.slice(0, 128)}.` });
  }
}

function receiveEvent(
  { nodes, invocations, now, onEvent }: ReceiveDeps, node: KnownNode, live: LiveNode, { event, payload, payloadJSON }: NodeEventParams
): object {
  const answer = (handled: boolean, reason: string): object => ({ ok: true, event, handled, reason });
  if (node.live !== live) return answer(false, "stale_connection");
  const facts = parsePayload(payload, payloadJSON);
  if (facts === undefined) return answer(false, "invalid_payload");
  switch (event) {
    case "node.host.stats":
      if (JSON.stringify(facts).length > STATS_CHARS_MAX) return answer(false, "invalid_payload");
      live.hostStats = facts;
      live.load = loadOf(facts);
      onEvent("node.hostStats", {
        nodeId: node.record.nodeId, hostStats: facts, sample: addSample(node.samples, facts, live.load, now()),
      });
      return answer(true, "updated");
    case "node.presence.alive":
      nodes.note(
        node, { lastSeenAtMs: now(), lastSeenReason: typeof facts["trigger"] === "string" ? facts["trigger"].slice(0, 64) : "alive" }
      );
      return answer(true, "persisted");
    case "exec.started": case "exec.finished": case "exec.denied":
      // What it tells, the invocation's own frames have told already; that it is one of ours is worth an answer.
      return invocations.isRunOf(node.record.nodeId, facts["runId"], facts["sessionKey"])
        ? { ok: true, event, handled: true }
        : answer(false, "unmatched_exec_event");
    default:
      return answer(false, "unsupported_event");
  }
}

function parsePayload(payload: Record<string, unknown> | undefined, payloadJSON: string | undefined): Record<string, unknown> | undefined {
  if (payloadJSON === undefined) return payload ?? {};
  try {
    const value: unknown = JSON.parse(payloadJSON);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Of one minute and for each processor, so that a large machine is not taken for a busy one; null when it does not tell. */
function loadOf(stats: Record<string, unknown>): number | null {
  const told: unknown = stats["loadAverage"] ?? stats["loadavg"] ?? stats["load"];
  const first: unknown = Array.isArray(told) ? told[0] : told;
  const count: unknown = stats["cpuCount"];
  if (typeof first !== "number" || !Number.isFinite(first) || first < 0) return null;
  return first / (typeof count === "number" && count >= 1 ? count : 1);
}

/** Adds what a node told, and lets go of what is old. */
function addSample(samples: NodeSample[], stats: Readonly<Record<string, unknown>>, load: number | null, nowMs: number): NodeSample {
  const { cpuUsed, memoryTotalBytes, memoryFreeBytes, receivedBytesPerSecond: received, sentBytesPerSecond: sent } = stats;
  const cpu = isAmount(cpuUsed) ? cpuUsed : load;
  const knowsMemory = isAmount(memoryTotalBytes) && memoryTotalBytes > 0 && isAmount(memoryFreeBytes);
  const sample = {
    ts: nowMs,
    ...(cpu === null ? {} : { cpu: share(cpu) }), ...(knowsMemory ? { memory: share(1 - memoryFreeBytes / memoryTotalBytes) } : {}),
    ...(isAmount(received) ? { receivedBytesPerSecond: Math.round(received) } : {}),
    ...(isAmount(sent) ? { sentBytesPerSecond: Math.round(sent) } : {}),
  };
  samples.push(sample);
  const old = samples.findIndex(({ ts }) => ts > nowMs - NODE_SAMPLES.keptMs);
  samples.splice(0, Math.max(old, samples.length - NODE_SAMPLES.most, 0));
  return sample;
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

/** 0 to 1, with no more digits than a line shows. */
function share(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1_000) / 1_000;
}

function parse<const S extends JsonSchema>(method: string, schema: S, params: unknown): Infer<S> {
  const checked = checkSchema(schema, params);
  if (!checked.ok) throw misfit(method, checked.text);
  return checked.value;
}

function misfit(method: string, text: string): OpenClawError {
  return new OpenClawError("PARAMS_INVALID", { why: `invalid ${method} params: ${text}` });
}
