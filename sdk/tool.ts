/**
 * What a model may name in a call. A tool without effect runs; any other only proposes an intent and never acts.
 */
import type { Effect, Label } from "@openclaw/protocol";
import type { ToolFace } from "./provider.ts";

/** Where a side effect lands. */
export type Landing = "memory" | "local-node" | "node" | "outside" | "sub-agent" | "session" | "other-agent" | "schedule";

/** Which node: a name or id the person gave, or what it must offer. Names and tags first, load only among equals. */
export interface NodeSelector {
  /** Node id or display name. */
  readonly node?: string;
  readonly tag?: string;
  /** Command the node must offer, such as `system.run`. */
  readonly command: string;
}

/** A typed, schema-checked request for one side effect. JSON-serialisable: it is recorded before it is carried out. */
export type Intent =
  | {
      readonly actuator: "node";
      readonly effect: Exclude<Effect, "none">;
      readonly target: NodeSelector;
      readonly command: string;
      readonly params: Readonly<Record<string, unknown>>;
      /** Longest the command may run on the node. */
      readonly timeoutMs?: number;
      /** A program it leaves running goes on, whatever ends the turn. */
      readonly detached?: true;
      /** One line a person understands: `run uptime`. */
      readonly summary: string;
    }
  | {
      readonly actuator: "memory";
      readonly effect: "read" | "idempotent";
      readonly action: "remember" | "recall" | "forget";
      readonly params: Readonly<Record<string, unknown>>;
      readonly summary: string;
    }
  | {
      readonly actuator: "outside";
      /** Name of the configured actuator: `actuators.<to>`. */
      readonly to: string;
      /** Which drop-in it is: the topic is `intent.<kind>`. */
      readonly kind: string;
      readonly effect: Exclude<Effect, "none">;
      readonly params: Readonly<Record<string, unknown>>;
      /** Put into the actuator's queue; the outcome comes back to the session as a message. */
      readonly handOver?: true;
      /** The actuator brings back no words of the world. */
      readonly quiet?: true;
      /** The owner's standing consent covers it, unless outside text chose it. */
      readonly unasked?: true;
      readonly summary: string;
    }
  | {
      /** Of the session itself: only its own turn can carry it out. */
      readonly actuator: "session";
      readonly effect: "read";
      readonly action: "read-output";
      readonly params: Readonly<Record<string, unknown>>;
      readonly summary: string;
    }
  | {
      /** Jobs by the clock. */
      readonly actuator: "schedule";
      readonly effect: "read" | "idempotent";
      readonly action: "list" | "add" | "remove" | "run" | "enable" | "disable";
      readonly params: Readonly<Record<string, unknown>>;
      readonly summary: string;
    }
  | {
      /** Another session of this gateway. `spawn` makes one and gives it a task, `send` speaks to one that exists. */
      readonly actuator: "sessions";
      readonly effect: "read" | "idempotent";
      readonly action: "spawn" | "send" | "list" | "history";
      readonly params: Readonly<Record<string, unknown>>;
      readonly summary: string;
    };

export interface ToolContext {
  /** The owner's name for the agent's workspace on the node; relative paths start there. */
  readonly workspace: string;
  readonly sessionKey: string;
  readonly agentId: string;
}

/** A file that a tool brings: kept with the conversation, shown to people, and a picture also to a model that takes pictures. */
export interface ToolFile {
  readonly base64: string;
  /** What it is, its bytes say; this is only what people see it called. */
  readonly name?: string;
}

export type ToolEvent =
  | { readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string; readonly offset: number }
  | {
      readonly type: "result"; readonly text: string; readonly isError?: boolean; readonly details?: Readonly<Record<string, unknown>>;
      /** Whose words the text is; the agent's own unless said, and never more trusted than those. */
      readonly label?: Label;
      readonly files?: readonly ToolFile[];
    };

export interface ToolNeeds {
  /** Node commands: a model is shown the tool only while a connected node offers one of them. */
  readonly needs?: readonly string[];
}

/** `args` has been checked against the schema before either method is called. */
export type Tool = ToolFace & ToolNeeds & (
  | { readonly effect: "none"; run(args: unknown, ctx: ToolContext, signal: AbortSignal): AsyncIterable<ToolEvent> }
  | {
      readonly effect: Exclude<Effect, "none">;
      /** Pure. May throw where the arguments make no sense together: the model reads the error's message. */
      propose(args: unknown, ctx: ToolContext): Intent;
      /**
       * Text the model reads, made from the actuator's payload; the default is the payload as JSON. What a node brings as `base64`
       * with its `format` beside it is taken out before: it is among the files already.
       */
      present?(payload: unknown): { readonly text: string; readonly isError: boolean; readonly files?: readonly ToolFile[] };
    }
);
