/**
 * The frames of the gateway's WebSocket: one JSON object per text frame.
 *
 * Source: wire captures of protocol version 4. Every object is closed: an unknown field is an error.
 */
import type { Infer, JsonSchema } from "./schema.ts";
import type { WireError } from "./errors.ts";

export const PROTOCOL_VERSION = 4;
/** The oldest version a probe or a node may offer. */
export const PROTOCOL_VERSION_MIN = 3;
export const DEFAULT_PORT = 18_789;

/** Limits of the transport, in bytes and milliseconds. The first three are advertised in hello-ok's `policy`. */
export const WIRE_LIMITS = {
  maxPayload: 26_214_400,
  maxBufferedBytes: 52_428_800,
  tickIntervalMs: 30_000,
  preauthPayloadBytes: 65_536,
  preauthSocketsPerAddress: 32,
  handshakeTimeoutMs: 15_000,
  pendingHandshakeFrames: 15,
  pingIntervalMs: 25_000,
  requestsQueued: 256,
  requestsQueuedBytes: 52_428_800,
  closeGraceMs: 1_000,
  signatureSkewMs: 120_000,
  closeReasonBytes: 123,
  wrongRoleCallsMax: 10,
} as const;

export const CLOSE = {
  normal: 1000, protocol: 1002, policy: 1008, tooBig: 1009, restart: 1012, tryAgain: 1013, authChanged: 4001,
} as const;

export const requestFrame = {
  type: "object",
  additionalProperties: false,
  required: ["type", "id", "method"],
  properties: {
    type: { const: "req" },
    id: { type: "string", minLength: 1, maxLength: 256 },
    method: { type: "string", minLength: 1, maxLength: 128 },
    params: {},
    traceparent: { type: "string", maxLength: 128 },
    expectedProfileId: { type: "string", minLength: 1, maxLength: 128 },
  },
} as const satisfies JsonSchema;

export type RequestFrame = Infer<typeof requestFrame>;

export interface ResponseFrame {
  readonly type: "res";
  readonly id: string;
  readonly ok: boolean;
  readonly payload?: unknown;
  readonly error?: WireError;
}

export interface EventFrame {
  readonly type: "event";
  readonly event: string;
  readonly payload?: unknown;
  /** Per connection, from 1; absent on direct sends. */
  readonly seq?: number;
  readonly stateVersion?: { readonly presence: number; readonly health: number };
}

export type Frame = RequestFrame | ResponseFrame | EventFrame;
