/** The actuators of a gateway, each lent what it may use: credentials by name, nodes, the one intake. */
import { hash } from "node:crypto";
import { codeOf, joinLabels, OpenClawError, type Label } from "@openclaw/protocol";
import type { ActuatorContext, ActuatorEnd } from "@openclaw/sdk";
import type { Ids } from "../base/ids.ts";
import { openActuators, type Actuators } from "../execution/intents.ts";
import { invokeOnce, type Nodes } from "../execution/nodes.ts";
import { HOME_TENANT, type Principal } from "../fabric/identity.ts";
import { loadCredential } from "../fabric/vault.ts";
import type { GatewayParts } from "./compose-parts.ts";
import { discoverActuator } from "./discover.ts";

export interface ComposeActuatorsDeps extends GatewayParts {
  readonly ids: Ids;
  readonly nodes: () => Nodes;
  /** Where an actuator acts that names no node. */
  readonly localNodeId: string;
  readonly nodesReady: () => Promise<void>;
}

export function composeActuators(deps: ComposeActuatorsDeps): Promise<Actuators> {
  const { engine, config, clock, ids, log, seal, unseal, intake } = deps;

  const message: ActuatorContext["message"] = async ({ sessionKey, text }, { idempotencyKey, label, relays = 0 }) => {
    try {
      const principal = actuatorPrincipal(joinLabels("agent", label));
      await intake().receiveInbound({ sessionKey, text, idempotencyKey, principal, channel: "actuator", relays: relays + 1 });
      return { ok: true, payload: { sessionKey } };
    } catch (error) {
      return failed(error, false);
    }
  };

  const node: ActuatorContext["node"] = async ({ node: name, tag, command, params, timeoutMs }, request, signal) => {
    try {
      await deps.nodesReady();
      const nodes = deps.nodes();
      // Without a word about it, the gateway's own and no other: while that is away a file must not land on another machine.
      const named = name ?? (tag === undefined ? deps.localNodeId : undefined);
      const wish = { command, ...(named === undefined ? {} : { node: named }), ...(tag === undefined ? {} : { tag }) };
      const { nodeId } = nodes.choose(wish);
      const id = request.attempt === 1 ? request.idempotencyKey : `${request.idempotencyKey}-${request.attempt}`;
      const { payload } = await invokeOnce(nodes.invoke({ id, nodeId, command, params, timeoutMs }, signal));
      nodes.acknowledge(id, nodeId);
      return { ok: true, payload };
    } catch (error) {
      return failed(error, !NOT_SENT.has(codeOf(error) ?? ""));
    }
  };

  return openActuators({
    config: config().actuators ?? {}, load: discoverActuator, queues: engine.queues, records: engine.records, seal, unseal, clock, ids, log,
    lend: { message, node, credential: async (name) => (await loadCredential(name, config().credentials ?? {}, process.env)).reveal() },
    onEnd: async (id, { sessionKey, summary, relays }, end, quiet) => {
      if (sessionKey === null) return;
      const text = `What was handed over as ${id} (${summary}) ${end.ok ? "is done" : "failed"}:\n${end.text}`;
      // The same end is told once, another one after a person had it tried again is told as well.
      const digest = hash("sha256", JSON.stringify(end), "hex").slice(0, 16);
      const principal = actuatorPrincipal(quiet && (end.ok || end.outsideWords !== true) ? "agent" : "outside");
      const far = relays === undefined ? {} : { relays };
      await intake().receiveInbound({ sessionKey, text, idempotencyKey: `${id}-end-${digest}`, principal, channel: "actuator", ...far });
    },
  });
}

const NOT_SENT = new Set([
  "NODE_UNKNOWN", "NODE_TAG_NONE", "NODE_OFFLINE", "NODE_DRAINING", "NODE_COMMAND_NOT_ALLOWED", "NODE_BUSY", "NODE_PATH_FORBIDDEN",
]);
const PASSING = new Set([
  "NODE_OFFLINE", "NODE_DRAINING", "NODE_LOST", "NODE_BUSY", "ENGINE_UNAVAILABLE", "BACKPRESSURE", "SESSION_QUEUE_FULL",
  "GATEWAY_STARTING", "DISK_FULL", "FILE_LOCKED",
]);

function failed(error: unknown, sent: boolean): ActuatorEnd {
  const code = codeOf(error) ?? "ACTUATOR_FAILED";
  const why = error instanceof OpenClawError ? error.message : "It failed inside.";
  const lost = code === "NODE_LOST" || code === "OUTCOME_UNKNOWN" || code === "COMMAND_TIMEOUT";
  const isNodes = error instanceof OpenClawError && error.detail?.["nodeError"] !== undefined;
  return { ok: false, code, why, sent, answered: sent && !lost, again: PASSING.has(code), ...(isNodes ? { outsideWords: true } : {}) };
}

export function actuatorPrincipal(label: Label): Principal {
  return { tenant: HOME_TENANT, id: "service:actuators", kind: "service", label };
}
