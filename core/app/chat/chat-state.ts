/** What the rows at the bottom of a conversation show. Plain data: keys and events change it, `formatFooter` draws it. */
import type { Payload } from "../commands/payload.ts";
import type { LineEditor } from "../terminal/line-editor.ts";

export interface WaitingMessage {
  readonly key: string;
  readonly text: string;
  state: "sending" | "stored" | "refused";
  why?: string;
}

export interface WaitingApproval {
  readonly id: string;
  readonly approval: Payload;
}

export interface SessionChoice {
  readonly key: string;
  readonly about: string;
  readonly usedMs: number;
  readonly active: boolean;
}

export interface ChatState {
  /** As the gateway calls it. */
  key: string;
  model: string | undefined;
  readonly editor: LineEditor;
  waiting: WaitingMessage[];
  approvals: WaitingApproval[];
  /** Where the keys go. */
  focus: "editor" | "approval" | "sessions";
  sessions: { readonly rows: readonly SessionChoice[]; at: number };
  run: { readonly id: string; readonly sinceMs: number; stopping: boolean } | undefined;
  awaySinceMs: number | undefined;
  /** Said for a while in the last row. */
  said: { readonly text: string; readonly untilMs: number } | undefined;
}
