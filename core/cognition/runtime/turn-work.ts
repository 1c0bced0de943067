/** What a turn works with. */
import type { Claim } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { IncomingFile, NewEvent, Revision, SessionLog, SessionState } from "../../fabric/journal.ts";
import type { Intents } from "../../execution/intents.ts";
import type { Nodes } from "../../execution/nodes.ts";
import type { Approvals, CommandPlace, Gate } from "../../execution/policy.ts";
import type { ToolPolicy, Tools } from "../../execution/tools.ts";
import type { ContextAgent, ContextConfig, Tokenizers } from "../context.ts";
import type { Models } from "../models.ts";
import type { SupervisorConfig } from "../supervisor.ts";
import type { Live } from "./emit-live.ts";
import type { LiveEvent } from "./live-event.ts";
import type { TellCalls } from "./tell-call.ts";

export interface TurnAgent extends ContextAgent {
  /** `provider/model`. */
  readonly model: string;
  /** Models that stand in for its own, in order; none for a model that a person chose. */
  readonly fallbacks?: readonly string[];
  readonly workspace: string;
  /** How much its model is to think, unless the session or the message says otherwise. */
  readonly thinking?: string;
  /** The tools it has with a model; all unless given. */
  readonly tools?: (model: string) => ToolPolicy;
  /** Where its files lie in the workspace of the gateway's own node; and where other agents' files lie there. */
  readonly folders?: AgentFolders;
}

/** Relative to the node's workspace; empty for the workspace itself. */
export interface AgentFolders {
  readonly own: string;
  readonly others: readonly string[];
}

/** The tools of a turn. */
export function toolsFor(agent: TurnAgent, { turn }: Pick<SessionState, "turn">): ToolPolicy | undefined {
  return agent.tools?.(turn?.model ?? agent.model);
}

/** A session in the hands of its owner, as a turn needs it. */
export interface TurnSession {
  readonly log: SessionLog;
  readonly claim: Claim;
  publish(event: LiveEvent): void;
  /** Resolves when an offer changed the folded state: an answer, an abort. Rejects when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void>;
}

export interface RuntimeDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly models: Models;
  readonly tools: Tools;
  readonly intents: Intents;
  readonly nodes: Nodes;
  /** Resolves once the gateway's own node has come up, or is not going to soon. Never rejects. */
  readonly nodesReady: () => Promise<void>;
  /** The directories a node's read-only commands may look into, as far as they are known. */
  readonly placeOf: (nodeId: string) => CommandPlace;
  readonly gate: Gate;
  readonly approvals: Approvals;
  readonly agentOf: (agentId: string) => TurnAgent;
  /** Called before a turn begins or goes on: what `agentOf` says of the agent is then up to date. Never rejects. */
  readonly prepareAgent?: (agentId: string) => Promise<void>;
  readonly revisionOf: (agentId: string) => Promise<Revision> | Revision;
  /** Names of the credentials of a model's provider, where it has several. */
  readonly profilesOf?: (model: string) => readonly string[];
  /** When a turn goes in circles. Absent: as the defaults say. */
  readonly supervisor?: (agentId: string) => SupervisorConfig;
  /** Absent: as the defaults say. */
  readonly context?: () => ContextConfig;
  /** Absent: all is estimated. */
  readonly tokenizers?: Tokenizers;
  /** What is made of the files that calls bring. Absent: none is kept. */
  readonly files?: FileIntake;
  /** As configured now; undefined where recordings stay what they are. */
  readonly transcriber?: () => Transcriber | undefined;
}

/** Turns a recording into words. */
export interface Transcriber {
  /** Of one recording. */
  readonly bytesMax: number;
  /** Throws coded errors: what came of it is recorded either way. */
  transcribe(
    file: { readonly name: string; readonly mimeType: string; readonly content: Uint8Array }, signal: AbortSignal,
  ): Promise<string>;
}

/** Looks at files and measures them. `read` throws MEDIA_INVALID, MEDIA_TOO_LARGE. */
export interface FileIntake {
  read(given: readonly { readonly content: string; readonly fileName?: string }[]): Promise<readonly IncomingFile[]>;
  /** Bytes that a session may keep; beyond them its oldest files go. */
  readonly bytesMax: () => number;
}

/** Events that wait to be recorded together with whatever comes next, and what to do once they are durable. */
export interface Carry {
  readonly events: readonly NewEvent[];
  readonly recorded?: () => void;
}

export interface TurnWork {
  readonly session: TurnSession;
  readonly deps: RuntimeDeps;
  readonly live: Live;
  /** Its calls, to whoever watches. */
  readonly calls: TellCalls;
  readonly agent: TurnAgent;
  readonly runId: string;
  /** Records the carried events and then `more`, all in one append; a function is asked when all before is folded. */
  record(carry: Carry, more: readonly NewEvent[] | (() => readonly NewEvent[])): Promise<void>;
}
