/**
 * What carries out one kind of intent in the world outside all nodes.
 *
 * A model never calls an actuator: it proposes an intent, the gate decides, and the actuator checks the intent again by its
 * own schema before it acts. It never blocks the event loop: its work is asynchronous, or in a thread of its own.
 */
import type { Effect, ErrorCode, JsonSchema, Label } from "@openclaw/protocol";

/** What doing something means, and one line that a person understands; or why it cannot be done under this configuration. */
export type ActuatorJudgement =
  | { readonly effect: Exclude<Effect, "none">; readonly summary: string }
  | { readonly refused: string };

/** Bounds of one configured actuator; the configuration may set others. */
export interface ActuatorLimits {
  readonly perMinute: number;
  readonly concurrency: number;
  /** Of one attempt. */
  readonly timeoutMs: number;
  /** Of intents that may be tried again: those of effect `read` and `idempotent`, and what was certainly not sent. */
  readonly attemptsMax: number;
}

export interface ActuatorRequest {
  /** Checked against `params`, and judged, before it comes here. */
  readonly params: unknown;
  /** The same at every attempt. */
  readonly idempotencyKey: string;
  readonly attempt: number;
  /** Null for what no session asked for. */
  readonly sessionKey: string | null;
  /** Whose words the parameters are. */
  readonly label: Label;
  /** How often the program passed something on by itself on the way to this: whoever passes it on says one more. */
  readonly relays?: number;
}

export type ActuatorEnd =
  | { readonly ok: true; readonly payload: unknown }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly why: string;
      /** `why` holds words of whoever was asked: it is labelled `outside`. */
      readonly outsideWords?: true;
      /** It may have reached the world. */
      readonly sent: boolean;
      /** The world said that it failed: nothing is in doubt. */
      readonly answered?: boolean;
      /** Another attempt may succeed. */
      readonly again: boolean;
      readonly retryAfterMs?: number;
    };

export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Addresses of private networks and of this machine may be reached. */
  readonly allowPrivate?: boolean;
  /** Followed within the same origin only, and for GET and HEAD only. */
  readonly redirectsMax?: number;
  readonly responseBytesMax: number;
}

export type OutboundResponse =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      /** The body was longer. */
      readonly truncated: boolean;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly why: string; readonly sent: boolean };

/** What an actuator is lent by the gateway. */
export interface ActuatorContext {
  /** Checked against the actuator's schema. */
  readonly config: unknown;
  /** A credential that the configuration names under `credentials`, read at each use; throws when it is not there. Never logged. */
  credential(name: string): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** One HTTP exchange: addresses are checked when they are connected to, redirects stay within the origin. Never throws. */
  http(request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse>;
  /** A command on a node, under the invocation's id. Never throws. */
  node(
    command: {
      readonly node?: string; readonly tag?: string; readonly command: string; readonly params: unknown; readonly timeoutMs: number;
    },
    request: ActuatorRequest, signal: AbortSignal,
  ): Promise<ActuatorEnd>;
  /** A message to a session, labelled as an agent's words at best; the same id is the same message. Never throws. */
  message(message: { readonly sessionKey: string; readonly text: string }, request: ActuatorRequest): Promise<ActuatorEnd>;
}

export interface OpenActuator extends AsyncDisposable {
  /** Never throws. Stops when `signal` aborts. */
  carryOut(request: ActuatorRequest, signal: AbortSignal): Promise<ActuatorEnd>;
}

export interface Actuator {
  readonly id: string;
  readonly label: string;
  /** Of `actuators.<name>`, beside `use`, `limits` and `unasked`. */
  readonly config: JsonSchema;
  /** The face of the tool that proposes intents for it. */
  readonly tool: { readonly name: string; readonly summary: string };
  /** Schema of an object: what a model gives, and what is checked again before anything happens. */
  readonly params: JsonSchema;
  readonly limits: ActuatorLimits;
  /** Its payloads hold no words of the world, only facts of the actuator's own: they are not labelled `outside`. */
  readonly quiet?: true;
  /** Pure. */
  judge(params: unknown, config: unknown): ActuatorJudgement;
  /** Text the model reads; the default is the payload as JSON. */
  present?(payload: unknown): { readonly text: string; readonly isError: boolean };
  open(ctx: ActuatorContext): OpenActuator;
}
