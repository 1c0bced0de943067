/** Every bound of the gateway. Bytes, milliseconds, counts; a test may hand in smaller ones. */
import { WIRE_LIMITS } from "@openclaw/protocol";

export interface GatewayLimits {
  readonly maxPayload: number;
  readonly maxBufferedBytes: number;
  readonly tickIntervalMs: number;
  readonly preauthPayloadBytes: number;
  readonly preauthSocketsPerAddress: number;
  readonly handshakeTimeoutMs: number;
  readonly pendingHandshakeFrames: number;
  readonly pingIntervalMs: number;
  readonly requestsQueued: number;
  readonly requestsQueuedBytes: number;
  readonly closeGraceMs: number;
  readonly signatureSkewMs: number;
  readonly wrongRoleCallsMax: number;
  /** Requests of one connection that have started and not ended. */
  readonly requestsRunning: number;
  /** Queued request bytes of all connections together. */
  readonly requestsQueuedBytesTotal: number;
  /** Bytes that wait for all sockets together; beyond them the slowest is let go, each second until it holds again. */
  readonly bufferedBytesTotal: number;
  /** Requests started in one turn of the event loop, all connections together, and the time they may take. */
  readonly startedPerTurn: number;
  readonly turnBudgetMs: number;
  /** Frames above this are parsed alone, one at a time. */
  readonly largeFrameBytes: number;
  /** JSON values a large frame may hold: it bounds the memory and time a parse can cost. */
  readonly largeFrameValues: number;
  readonly connectionsMax: number;
  readonly watchedSessionsMax: number;
  readonly presenceEntriesMax: number;
  readonly presenceDelayMs: number;
  readonly healthIntervalMs: number;
  readonly httpHeadersTimeoutMs: number;
  readonly httpKeepAliveMs: number;
}

export const GATEWAY_LIMITS: GatewayLimits = {
  ...WIRE_LIMITS,
  requestsRunning: 1_024,
  requestsQueuedBytesTotal: 268_435_456,
  bufferedBytesTotal: 268_435_456,
  startedPerTurn: 32,
  turnBudgetMs: 4,
  largeFrameBytes: 1_048_576,
  largeFrameValues: 400_000,
  connectionsMax: 20_000,
  watchedSessionsMax: 1_024,
  presenceEntriesMax: 200,
  presenceDelayMs: 1_000,
  healthIntervalMs: 60_000,
  httpHeadersTimeoutMs: 10_000,
  httpKeepAliveMs: 5_000,
};
