/** What plain HTTP speaks for: agents, their sessions, and the tools that may be called without a turn. */
import type { Closer } from "@openclaw/sdk";
import type { LiveEvent } from "../../../cognition/runtime.ts";
import type { Agents } from "../../agents.ts";
import type { Intake } from "../../channels.ts";
import type { Sessions } from "../../sessions.ts";
import type { FileDesk } from "./file-desk.ts";

export interface HttpSettings {
  readonly chatCompletions: boolean;
  readonly responses: boolean;
  /** Taken off, and put on, the list of tools that are never called over HTTP. */
  readonly toolsAllow: readonly string[];
  readonly toolsDeny: readonly string[];
}

export interface ToolOverHttp {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly sessionKey: string;
  readonly agentId: string;
  readonly dryRun: boolean;
  readonly idempotencyKey?: string;
}

export type ToolAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly kind: "unknown" | "refused" | "invalid" | "failed"; readonly message: string };

export interface HttpDoor {
  /** The configuration in force, asked at each call. */
  readonly settings: () => HttpSettings;
  readonly agents: Agents;
  readonly intake: Pick<Intake, "receiveInbound">;
  readonly sessions: Pick<Sessions, "wait" | "history" | "describe" | "abort">;
  /** Throws where the model is not configured. */
  readonly checkModel: (ref: string) => Promise<unknown>;
  /** What happens in all turns, while somebody listens. */
  readonly listen: (on: (event: LiveEvent) => void) => Closer;
  /** Absent: no file is read or brought over HTTP. */
  readonly files?: () => Promise<FileDesk>;
  /** Absent: no tool is called over HTTP. */
  readonly invokeTool?: (call: ToolOverHttp, signal: AbortSignal) => Promise<ToolAnswer>;
}
