/** What a method's handler is given, and what it may do. */
import type { PresenceEntry, Role } from "@openclaw/protocol";
import type { Principal } from "../../fabric/identity.ts";
import type { IncomingFile } from "../sessions.ts";
import type { NodeSession } from "./node-link.ts";

export interface ClientView {
  readonly connId: string;
  readonly role: Role;
  /** The live authority of this socket; never more than was approved. */
  readonly scopes: readonly string[];
  readonly deviceId?: string;
  readonly clientId: string;
  readonly mode: string;
  readonly caps: readonly string[];
  readonly displayName?: string;
  /** What the program said of itself and its machine; its word. */
  readonly face?: Pick<PresenceEntry, "version" | "platform" | "deviceFamily" | "modelIdentifier" | "instanceId">;
  readonly principal: Principal;
  readonly remoteIp: string;
}

/** What the gateway tells about itself to methods that show it. */
export interface DashboardLink {
  readonly url: string;
  readonly expiresAtMs: number;
}

export interface GatewayView {
  readonly version: string;
  readonly port: number;
  readonly startedAtMs: number;
  presence(): readonly PresenceEntry[];
  isConnected(deviceId: string): boolean;
  /** Is anybody but this connection there who may answer an approval? */
  canApprove(exceptConnId: string): boolean;
  counters(): GatewayCounters;
  dashboardLink(): DashboardLink;
}

export interface GatewayCounters {
  readonly connections: number;
  readonly unauthenticated: number;
  readonly requests: number;
  readonly refused: number;
  /** Tries to prove oneself that failed, or came while the source was locked out. */
  readonly authRefused: number;
  readonly garbage: number;
  /** Events that sockets which did not drain have missed. */
  readonly skippedEvents: number;
  readonly slowConsumers: number;
}

export interface MethodContext {
  readonly client: ClientView;
  readonly gateway: GatewayView;
  /** The session of the calling node; absent for operators. */
  readonly node: NodeSession | undefined;
  /** Aborts when the socket closes. */
  readonly signal: AbortSignal;
  /** Sends the first of two answers; what the handler returns is the second. */
  respond(payload: unknown): void;
  /**
   * This socket receives the live events of that session until it closes. The oldest is dropped beyond the limit. `reading`: it only
   * looked, which does not count for a client that subscribes to each session by itself (`session-scoped-events`).
   */
  watch(sessionKey: string, why?: "reading"): void;
  unwatch(sessionKey: string): void;
  /** This socket receives these events of all sessions: `["chat", "agent", …]`. */
  watchAll(events: readonly string[]): void;
}

/**
 * Answers a request. `params` fit the method's schema: a handler may declare that type. It may return a value or a promise;
 * what it throws becomes the error of the response, an uncoded one as INTERNAL.
 */
export type MethodHandler = { answer(params: unknown, ctx: MethodContext): unknown }["answer"];

export type MethodHandlers = Readonly<Record<string, MethodHandler>>;

export interface GatewayLog {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What a client says came with a message, as files. Throws MEDIA_INVALID, MEDIA_TOO_LARGE. */
export type ReadFiles = (given: readonly unknown[]) => Promise<readonly IncomingFile[]>;
