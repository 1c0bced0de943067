import type { Effect, ErrorCode } from "@openclaw/protocol";

export const NODE_TIMING = {
  /** Budget of an invocation that names none. */
  timeoutMs: 30_000,
  /** How much longer than the node the gateway waits: the node's own timeout tells more. */
  graceMs: 5_000,
  /** How long an open invocation waits for its node to come back. */
  reattachWaitMs: 60_000,
  /** A node that is not ready yet is asked again this often, after this long, each time a step longer. */
  notReadyRetriesMax: 4,
  notReadyStepMs: 250,
  /** How long a node has to say what became of a command that it was told to end: it kills what does not end by itself. */
  stopWaitMs: 5_000,
} as const;

export interface InvokeRequest {
  /** Chosen by the caller and recorded before the call: the node's journal knows the invocation by it. */
  readonly id: string;
  readonly nodeId: string;
  readonly command: string;
  readonly params: unknown;
  readonly timeoutMs?: number;
  readonly sessionKey?: string;
  /** The claim under which it was recorded. Without one a lost connection ends it. */
  readonly fence?: { readonly slot: number; readonly epoch: number };
  /** A person allowed this run: what the node is told. `id` where a client of the wire knows it by one. */
  readonly approval?: { readonly id?: string; readonly decision: "allow-once" | "allow-always" };
  /** What doing it again would mean; by default what the command declares, and `unsafe` where it declares nothing. */
  readonly effect?: Effect;
  /** What the run's `input` names: given to its node, and to nobody else, while the run is under way. */
  readonly lends?: { readonly digest: string; readonly content: Uint8Array };
}

export interface ReattachRequest extends InvokeRequest {
  /** Bytes of output the caller has already. */
  readonly offset: number;
}

export type InvokeEnd =
  | { readonly type: "end"; readonly ok: true; readonly payload: unknown; readonly nodeId: string }
  | {
    readonly type: "end"; readonly ok: false; readonly code: ErrorCode; readonly why: string; readonly nodeId: string;
    readonly detail?: Readonly<Record<string, unknown>>;
  };

export type InvokeEvent =
  /** `marked` where the text is not the command's but says that some is missing; `bytes` where they are not those of the text. */
  | {
    readonly type: "output"; readonly stream: "stdout" | "stderr"; readonly text: string; readonly offset: number;
    readonly bytes?: number; readonly marked?: true;
  }
  | InvokeEnd;

/** A result that came after its invocation had been given up as `OUTCOME_UNKNOWN`. */
export interface LateResult {
  readonly id: string;
  readonly nodeId: string;
  readonly sessionKey: string | null;
  readonly ok: boolean;
  readonly payload: unknown;
}
