/**
 * One request: is it a request, does the method exist, may this client call it, do the parameters fit — then the handler.
 *
 * The order is fixed, and every step denies by default: a method that is not in the table, or has no handler, is unknown.
 */
import { codeOf, grantsScope, requestFrame, type MethodSpec, type RequestFrame } from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";
import type { Clock } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView, GatewayLog, GatewayView, MethodContext, MethodHandler, MethodHandlers } from "./method.ts";
import { describeIssues, missingScope, refusal } from "./refuse.ts";
import { requiredScope } from "./required-scope.ts";
import { SlidingLimit } from "./sliding-limit.ts";

export const CONTROL_PLANE_WRITES = { max: 30, windowMs: 60_000 } as const;

export interface CallDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly log: GatewayLog;
  readonly specs: (method: string) => MethodSpec | undefined;
  readonly handlers: MethodHandlers;
  readonly connections: Connections;
  readonly view: GatewayView;
  /** Called when an asynchronous request has ended. */
  readonly onEnded: (connection: Connection) => void;
}

export class Caller {
  readonly #deps: CallDeps;
  readonly #writes = new SlidingLimit(CONTROL_PLANE_WRITES.max, CONTROL_PLANE_WRITES.windowMs);
  requests = 0;

  constructor(deps: CallDeps) {
    this.#deps = deps;
  }

  /** Answers every outcome on the connection; never throws. */
  run(connection: Connection, frame: unknown): void {
    this.requests += 1;
    const checked = checkSchema(requestFrame, frame);
    if (!checked.ok) return connection.respondError(
      idOf(frame), refusal("FRAME_INVALID", `invalid request frame: ${describeIssues(checked.issues)}`),
    );
    const request = checked.value as RequestFrame;
    let result: unknown;
    try {
      const handler = this.#admit(connection, request);
      result = handler(request.params ?? {}, new CallContext(this.#deps, connection, request.id));
    } catch (error) {
      return this.#fail(connection, request, error);
    }
    if (!isThenable(result)) return this.#answer(connection, request, result);
    connection.running += 1;
    result.then(
      (payload) => this.#end(connection, () => this.#answer(connection, request, payload)),
      (error: unknown) => this.#end(connection, () => this.#fail(connection, request, error)),
    );
  }

  /** The handler, when this client may call it with these parameters. Throws the refusal. */
  #admit(connection: Connection, request: RequestFrame): MethodHandler {
    const { method } = request;
    const client = connection.client as ClientView;
    if (method === "connect") throw refusal("FRAME_INVALID", "connect is only valid as the first request");
    const spec = this.#deps.specs(method);
    const handler = Object.hasOwn(this.#deps.handlers, method) ? this.#deps.handlers[method] : undefined;
    if (spec === undefined || handler === undefined) throw refusal("METHOD_UNKNOWN", `unknown method: ${method}`);
    this.#checkRole(connection, client, spec);
    if (client.role === "operator") {
      const scope = requiredScope(method, spec, request.params);
      if (scope !== undefined && !grantsScope(client.scopes, scope)) throw missingScope(scope);
    }
    const checked = checkSchema(spec.params, request.params ?? {});
    // A node's malformed result is a result too: where its invocations are it is checked again, refused, and ends what waits.
    const settlesItself = method === "node.invoke.result" && connection.node !== undefined;
    if (!checked.ok && !settlesItself) throw refusal("PARAMS_INVALID", `invalid ${method} params: ${describeIssues(checked.issues)}`);
    if (spec.controlPlaneWrite === true) this.#countWrite(client, method);
    return handler;
  }

  #checkRole(connection: Connection, client: ClientView, spec: MethodSpec): void {
    if (spec.role === "any" || spec.role === client.role) {
      connection.wrongRoleCalls = 0;
      return;
    }
    connection.wrongRoleCalls += 1;
    throw refusal("ROLE_UNAUTHORIZED", `unauthorized role: ${client.role}`);
  }

  #countWrite(client: ClientView, method: string): void {
    const actor = client.deviceId ?? `${client.clientId}@${client.remoteIp}`;
    const waitMs = this.#writes.take(`${actor} ${method}`, this.#deps.clock.now());
    if (waitMs > 0) throw refusal("BACKPRESSURE", `rate limit exceeded for ${method}`, { method, limit: "30 per 60s" }, waitMs);
  }

  #answer(connection: Connection, request: RequestFrame, payload: unknown): void {
    try {
      connection.respond(request.id, payload);
    } catch (error) {
      this.#fail(connection, request, error);
    }
  }

  #fail(connection: Connection, request: RequestFrame, error: unknown): void {
    if (codeOf(error) === undefined && connection.state === "open") this.#deps.log.error(
      "method.failed", { method: request.method, connId: connection.connId, error },
    );
    connection.respondError(request.id, error);
    if (connection.wrongRoleCalls > this.#deps.limits.wrongRoleCallsMax) connection.close(1008, "repeated unauthorized calls");
  }

  #end(connection: Connection, answer: () => void): void {
    connection.running -= 1;
    answer();
    this.#deps.onEnded(connection);
  }
}

class CallContext implements MethodContext {
  readonly client: ClientView;
  readonly gateway: GatewayView;
  readonly #connections: Connections;
  readonly #connection: Connection;
  readonly #requestId: string;

  constructor(deps: CallDeps, connection: Connection, requestId: string) {
    this.client = connection.client as ClientView;
    this.gateway = deps.view;
    this.#connections = deps.connections;
    this.#connection = connection;
    this.#requestId = requestId;
  }

  get node(): MethodContext["node"] {
    return this.#connection.node;
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }

  respond(payload: unknown): void {
    this.#connection.respond(this.#requestId, payload);
  }

  watch(sessionKey: string, why?: "reading"): void {
    if (why === "reading" && this.client.caps.includes("session-scoped-events")) return;
    this.#connections.watch(this.#connection, sessionKey);
  }

  unwatch(sessionKey: string): void {
    this.#connections.unwatch(this.#connection, sessionKey);
  }

  watchAll(events: readonly string[]): void {
    this.#connections.watchAll(this.#connection, events);
  }
}

function idOf(frame: unknown): string {
  const id = typeof frame === "object" && frame !== null && "id" in frame ? frame.id : undefined;
  return typeof id === "string" && id !== "" ? id.slice(0, 256) : "invalid";
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
