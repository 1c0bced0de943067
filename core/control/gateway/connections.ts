/**
 * Everybody who is connected, and how an event reaches those it is for.
 *
 * An event is turned into text once, however many sockets get it; a socket adds only its sequence number. Sessions keep an
 * index of their watchers, so that a token of one session costs nothing to the thousands who watch others.
 */
import { grantsScope, type PresenceEntry, type Scope } from "@openclaw/protocol";
import type { Connection } from "./connection.ts";
import { EventHead } from "./event-head.ts";
import type { GatewayLimits } from "./limits.ts";
import { eventSpec, type EventSpec } from "@openclaw/protocol/events";

export interface BroadcastOptions {
  /** Needed instead of the scope in the event table. */
  readonly scope?: Scope;
  readonly sessionKey?: string;
  /** A socket that does not drain misses it, and sees the gap in the sequence. */
  readonly dropIfSlow?: boolean;
  /** Only these connections. */
  readonly only?: readonly string[];
  readonly stateVersion?: { readonly presence: number; readonly health: number };
  /** The payload's, where it is known already. */
  readonly json?: string;
}

const SPREAD_BATCH = 256;

export class Connections {
  readonly #limits: GatewayLimits;
  readonly #open = new Map<string, Connection>();
  readonly #present = new Set<Connection>();
  readonly #byDevice = new Map<string, Set<Connection>>();
  readonly #bySession = new Map<string, Set<Connection>>();
  readonly #byEvent = new Map<string, Set<Connection>>();

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  all(): IterableIterator<Connection> {
    return this.#open.values();
  }

  ofDevice(deviceId: string): readonly Connection[] {
    return [...(this.#byDevice.get(deviceId) ?? [])];
  }

  /** Is an operator connected who has the scope, beside that one? */
  hasScope(scope: Scope, exceptConnId: string): boolean {
    for (const { connId, client, state } of this.#open.values()) {
      if (connId !== exceptConnId && state === "open" && client?.role === "operator" && grantsScope(client.scopes, scope)) return true;
    }
    return false;
  }

  add(connection: Connection): void {
    this.#open.set(connection.connId, connection);
    if (isPresent(connection)) this.#present.add(connection);
    const deviceId = connection.client?.deviceId;
    if (deviceId !== undefined) addTo(this.#byDevice, deviceId, connection);
  }

  /** Answers whether it was there. */
  remove(connection: Connection): boolean {
    if (!this.#open.delete(connection.connId)) return false;
    this.#present.delete(connection);
    const deviceId = connection.client?.deviceId;
    if (deviceId !== undefined) removeFrom(this.#byDevice, deviceId, connection);
    for (const sessionKey of connection.watchedSessions ?? []) removeFrom(this.#bySession, sessionKey, connection);
    for (const event of connection.watchedEvents ?? []) removeFrom(this.#byEvent, event, connection);
    return true;
  }

  watch(connection: Connection, sessionKey: string): void {
    if (connection.state === "closed") return;
    const watched = (connection.watchedSessions ??= new Set());
    if (watched.has(sessionKey)) return;
    if (watched.size >= this.#limits.watchedSessionsMax) this.unwatch(connection, watched.values().next().value as string);
    watched.add(sessionKey);
    addTo(this.#bySession, sessionKey, connection);
  }

  unwatch(connection: Connection, sessionKey: string): void {
    if (connection.watchedSessions?.delete(sessionKey) === true) removeFrom(this.#bySession, sessionKey, connection);
  }

  watchAll(connection: Connection, events: readonly string[]): void {
    if (connection.state === "closed") return;
    const watched = (connection.watchedEvents ??= new Set());
    for (const event of events) {
      if (eventSpec(event)?.audience !== "session") continue;
      watched.add(event);
      addTo(this.#byEvent, event, connection);
    }
  }

  /** Would anybody receive this event of this session? Lets a caller skip the work of making it. */
  isWatched(event: string, sessionKey: string): boolean {
    return (event !== "session.tool" && this.#bySession.has(sessionKey)) || this.#byEvent.has(event);
  }

  /** Everybody who is to have the text of this session's runs, once each. */
  eachReader(sessionKey: string, visit: (reader: Connection) => void): void {
    const spec = eventSpec("chat") as EventSpec;
    const watching = this.#bySession.get(sessionKey);
    const wanting = this.#byEvent.get("chat");
    for (const connection of watching ?? []) if (mayReceive(connection, "chat", spec, null, undefined)) visit(connection);
    for (const connection of wanting ?? []) {
      if (watching?.has(connection) !== true && mayReceive(connection, "chat", spec, null, undefined)) visit(connection);
    }
  }

  /** Sends an event to whom it is for; answers to how many. A name that is not in the table goes to nobody. */
  broadcast(event: string, payload: unknown, options: BroadcastOptions = {}): number {
    const spec = eventSpec(event);
    if (spec === undefined || spec.direct === true) return 0;
    const { only, sessionKey, scope, stateVersion } = options;
    const dropIfSlow = options.dropIfSlow === true;
    let head: EventHead | undefined;
    let sent = 0;
    const send = (connection: Connection): void => {
      if (!mayReceive(connection, event, spec, payload, scope)) return;
      head ??= formatHead(event, options.json ?? JSON.stringify(payload), stateVersion);
      if (connection.sendSequenced(head, dropIfSlow)) sent += 1;
    };
    // By hand rather than through an iterator: a token passes here twice.
    if (only !== undefined) {
      for (const connId of only) {
        const connection = this.#open.get(connId);
        if (connection !== undefined) send(connection);
      }
    } else if (spec.audience !== "session") {
      for (const connection of this.#open.values()) send(connection);
    } else {
      const wanting = this.#byEvent.get(event);
      const watching = sessionKey === undefined ? undefined : this.#bySession.get(sessionKey);
      if (event === "session.tool") {
        for (const connection of wanting ?? []) if (watching?.has(connection) !== true || !seesTools(connection)) send(connection);
        return sent;
      }
      if (wanting !== undefined) for (const connection of wanting) send(connection);
      if (watching !== undefined) for (const connection of watching) if (wanting?.has(connection) !== true) send(connection);
    }
    return sent;
  }

  /** For states of which only the newest matters: to everybody, in batches with the event loop free in between. */
  async spread(event: string, payload: unknown, stateVersion?: BroadcastOptions["stateVersion"]): Promise<void> {
    const spec = eventSpec(event);
    if (spec === undefined || this.#open.size === 0) return;
    const head = formatHead(event, JSON.stringify(payload), stateVersion);
    let batch = 0;
    for (const connection of [...this.#open.values()]) {
      if (!mayReceive(connection, event, spec, payload, undefined)) continue;
      connection.sendSequenced(head, true);
      if (++batch % SPREAD_BATCH === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Nodes and people's own clients, newest first; programs that come and go in a second are not presence. */
  presence(): PresenceEntry[] {
    return [...this.#present].slice(-this.#limits.presenceEntriesMax).reverse().map(presenceOf);
  }
}

export function isPresent(connection: Connection): boolean {
  const mode = connection.client?.mode;
  return mode === "node" || mode === "ui" || mode === "webchat";
}

function presenceOf(connection: Connection): PresenceEntry {
  const { client } = connection;
  return {
    ts: connection.connectedAtMs,
    onlineSince: connection.connectedAtMs,
    reason: "connect",
    ...(client === undefined ? {} : {
      clientId: client.clientId,
      mode: client.mode,
      roles: [client.role],
      scopes: client.scopes,
      ip: client.remoteIp,
      ...client.face,
      ...(client.displayName === undefined ? {} : { host: client.displayName }),
      ...(client.deviceId === undefined ? {} : { deviceId: client.deviceId }),
    }),
  };
}

function mayReceive(connection: Connection, event: string, spec: EventSpec, payload: unknown, scope: Scope | undefined): boolean {
  const { client } = connection;
  if (client === undefined || connection.state !== "open") return false;
  if (client.role === "node") return spec.nodes === true;
  const needed = scope ?? spec.scope;
  if (needed !== undefined && !grantsScope(client.scopes, needed)) return false;
  return event !== "agent" || (payload as { readonly stream?: unknown }).stream !== "tool" || seesTools(connection);
}

/** The tool events of sessions it watches reach it as `agent` events. */
function seesTools({ client }: Connection): boolean {
  return client?.caps.includes("tool-events") === true;
}

function formatHead(event: string, json: string | undefined, stateVersion: BroadcastOptions["stateVersion"]): EventHead {
  const version = stateVersion === undefined ? "" : `,"stateVersion":${JSON.stringify(stateVersion)}`;
  const head = `{"type":"event","event":"${event}"`;
  return new EventHead(json === undefined ? `${head}${version}` : `${head},"payload":${json}${version}`);
}

function addTo(index: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([connection]));
  else set.add(connection);
}

function removeFrom(index: Map<string, Set<Connection>>, key: string, connection: Connection): void {
  const set = index.get(key);
  if (set?.delete(connection) === true && set.size === 0) index.delete(key);
}
