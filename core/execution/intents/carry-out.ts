import { OpenClawError, codeOf, type ErrorCode, type Label } from "@openclaw/protocol";
import type { Intent } from "@openclaw/sdk";
import type { InvokeRequest, Nodes } from "../nodes.ts";

export type IntentEvent =
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string; readonly offset: number;
    /** What the program wrote there, where the text does not tell: a byte that is no text is shown as a character of three. */
    readonly bytes?: number;
    /** The text is not the program's: it says that some is missing here. */
    readonly marked?: true }
  | { readonly type: "end"; readonly ok: true; readonly payload: unknown; readonly nodeId?: string }
  | {
      readonly type: "end"; readonly ok: false; readonly code: ErrorCode; readonly why: string; readonly nodeId?: string;
      readonly detail?: Readonly<Record<string, unknown>>;
    };

/** Whether `why` is in the words of the node or the actuator's other side, and not in the program's own. */
export function speaksFromOutside({ detail }: Extract<IntentEvent, { ok: false }>): boolean {
  return detail?.["nodeError"] !== undefined || detail?.["outsideWords"] === true;
}

export interface IntentOrder {
  /** The same at every attempt: what the actuator de-duplicates by. */
  readonly invocationId: string;
  readonly intent: Intent;
  /** Chosen before the intent was recorded. Null where no node is involved. */
  readonly nodeId: string | null;
  readonly sessionKey: string;
  /** Whose words the arguments are; an approval does not change that. */
  readonly label: Label;
  /** How often the program passed something on by itself on the way to this; not at all unless said. */
  readonly relays?: number;
  /** The claim under which the intent was recorded. */
  readonly fence: { readonly slot: number; readonly epoch: number };
  /** A person allowed this very intent. */
  readonly approved?: true;
  /** Its step was open when an earlier owner died: it may have been carried out. */
  readonly resumed?: true;
}

/** Carries out one kind of intent that is not a node's. Throws coded errors; called again with the same id after a crash. */
export type Hand = (order: IntentOrder, signal: AbortSignal) => Promise<unknown>;

export interface Intents {
  /** Never throws: the last event is `end`. */
  carryOut(order: IntentOrder, signal: AbortSignal): AsyncIterable<IntentEvent>;
  /** After a crash: finds out what became of it, by the effect's rule. Never throws. */
  resume(order: IntentOrder, signal: AbortSignal): AsyncIterable<IntentEvent>;
  /** The outcome is recorded: the actuator may forget it. */
  acknowledge(order: IntentOrder): void;
}

export interface IntentsDeps {
  readonly nodes: Nodes;
  readonly actuators: Readonly<Record<Exclude<Intent["actuator"], "node" | "session">, Hand>>;
  /** Longest a restarted gateway waits for the node that holds an open intent. */
  readonly reattachWaitMs: number;
}

export function createIntents({ nodes, actuators, reattachWaitMs }: IntentsDeps): Intents {
  return {
    carryOut: (order, signal) => {
      const { intent, nodeId } = order;
      if (intent.actuator === "session") return endWith("TOOL_FAILED", ONLY_ITSELF);
      if (intent.actuator !== "node") return runActuator(actuators[intent.actuator], order, signal);
      if (nodeId === null) return endWith("NODE_OFFLINE", "No node was chosen.");
      return nodes.invoke(nodeRequest(order, intent, nodeId), signal);
    },
    resume: (order, signal) => {
      const { intent, nodeId } = order;
      if (intent.actuator === "session") return endWith("TOOL_FAILED", ONLY_ITSELF);
      if (intent.actuator !== "node") return runActuator(actuators[intent.actuator], { ...order, resumed: true }, signal);
      if (nodeId === null) return endWith("NODE_OFFLINE", "No node was chosen.");
      const request = { ...nodeRequest(order, intent, nodeId), offset: 0 };
      return nodes.reattach(request, reattachWaitMs, signal);
    },
    acknowledge: ({ invocationId, nodeId }) => {
      if (nodeId !== null) nodes.acknowledge(invocationId, nodeId);
    },
  };
}

const ONLY_ITSELF = "Only the session's own turn can do that.";

function nodeRequest(
  { invocationId, sessionKey, fence, approved }: IntentOrder, intent: Extract<Intent, { actuator: "node" }>, nodeId: string,
): InvokeRequest {
  return {
    id: invocationId, nodeId, command: intent.command, params: intent.params, sessionKey, fence, effect: intent.effect,
    ...(intent.timeoutMs === undefined ? {} : { timeoutMs: intent.timeoutMs }),
    ...(approved === true ? { approval: { decision: "allow-once" } } : {}),
  };
}

async function* runActuator(actuator: Hand, order: IntentOrder, signal: AbortSignal): AsyncGenerator<IntentEvent> {
  try {
    yield { type: "end", ok: true, payload: await actuator(order, signal) };
  } catch (error) {
    const { message: why, detail } = error instanceof OpenClawError ? error : { message: "The actuator failed.", detail: undefined };
    yield { type: "end", ok: false, code: codeOf(error) ?? "TOOL_FAILED", why, ...(detail === undefined ? {} : { detail }) };
  }
}

async function* endWith(code: ErrorCode, why: string): AsyncGenerator<IntentEvent> {
  yield { type: "end", ok: false, code, why };
}
