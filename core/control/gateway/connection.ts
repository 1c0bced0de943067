/**
 * One socket: its state, its queue of requests, its sequence of events.
 *
 * Everything that is written goes through `#write`, which knows what the client has not taken yet. A client that does not
 * read loses what may be lost, and is closed by what may not.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Clock } from "../../base/clock.ts";
import { CLOSE, formatWireError, OpenClawError, TEXT_INCREMENTS_CAP, WIRE_LIMITS, type WireError } from "@openclaw/protocol";
import type { Secret } from "../../base/secret.ts";
import type { ClientSource } from "./client-source.ts";
import { frameOf, type EventHead, type Frame } from "./event-head.ts";
import type { FlushLine } from "./flush-line.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView } from "./method.ts";
import type { NodeSession } from "./node-link.ts";
import { cutReason } from "./refuse.ts";

/** `silent`: nothing received yet. `connecting`: `connect` is being answered. */
export type ConnectionState = "silent" | "connecting" | "open" | "closed";

export interface ConnectionDeps {
  readonly socket: WebSocket;
  /** What the socket writes to. */
  readonly stream: Socket;
  readonly connId: string;
  readonly nonce: string;
  readonly openedAtMs: number;
  readonly source: ClientSource;
  readonly headers: IncomingHttpHeaders;
  readonly origin: string | undefined;
  readonly host: ConnectionHost;
}

/** What all connections share. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  /** Where they wait to write. */
  readonly line: FlushLine;
  /** An event was skipped for one that does not drain. */
  readonly onSkipped: () => void;
  readonly onSlow: (connection: Connection) => void;
  /** Called once for each, before its queue is thrown away. */
  readonly onEnd: (connection: Connection) => void;
}

export class Connection {
  readonly connId: string;
  readonly nonce: string;
  readonly openedAtMs: number;
  readonly source: ClientSource;
  /** Of the upgrade, until hands are shaken. */
  headers: IncomingHttpHeaders | undefined;
  readonly origin: string | undefined;
  readonly socket: WebSocket;
  state: ConnectionState = "silent";
  /** Present from hello-ok on. */
  client: ClientView | undefined;
  node: NodeSession | undefined;
  /** The shared secret it came in with; when the gateway's has changed, the connection ends. */
  secret: Secret | undefined;
  connectedAtMs = 0;
  /** Its refusal is held back to slow down guessing. */
  penalised = false;
  wrongRoleCalls = 0;
  running = 0;
  queuedBytes = 0;
  /** Waits in the dispatcher's ring. */
  inRing = false;
  /** Of the pulse, since it was greeted: each connection has its own second of an interval, and a stalled process counts none. */
  beats = 0;
  /** How the gateway ends it; undefined while it lives, and where the other side ended it. */
  ending: { readonly code: number; readonly reason: string } | undefined;
  readonly queue: Buffer[] = [];
  /** Names of events it receives for all sessions. */
  watchedEvents: Set<string> | undefined;
  watchedSessions: Set<string> | undefined;
  /** Events it did not get because it did not drain. */
  skippedEvents = 0;
  readonly #host: ConnectionHost;
  readonly #stream: Socket;
  #seq = 0;
  #readAtPing = -1;
  #gathering: Soon | undefined;
  #flushedAtMs = 0;
  /** Small frames that leave together: bytes as characters. */
  #gathered = "";
  /** A large one waits in the stream. */
  #corked = false;
  #abort: AbortController | undefined;
  #drained: (() => void)[] | undefined;

  constructor(deps: ConnectionDeps) {
    this.socket = deps.socket;
    this.#stream = deps.stream;
    this.connId = deps.connId;
    this.nonce = deps.nonce;
    this.openedAtMs = deps.openedAtMs;
    this.source = deps.source;
    this.headers = deps.headers;
    this.origin = deps.origin;
    this.#host = deps.host;
  }

  /** The client's, as far as it is known. */
  get remoteAddress(): string {
    return this.source.address;
  }

  /** Aborts when the socket closes. Made only when somebody asks. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.state === "closed" && !this.#abort.signal.aborted) this.#abort.abort(new OpenClawError("CONNECTION_LOST"));
    return this.#abort.signal;
  }

  get increments(): boolean {
    return this.client?.caps.includes(TEXT_INCREMENTS_CAP) === true;
  }

  /**
   * Did it come in with a shared secret that is no longer the gateway's? Compared by identity first: only a changed one costs a
   * comparison of its content.
   */
  isStale(current: Secret): boolean {
    if (this.secret === undefined || this.secret === current) return false;
    if (!current.equals(this.secret.reveal())) return true;
    this.secret = current;
    return false;
  }

  get isGone(): boolean {
    return this.state === "closed";
  }

  /** What was sent before has not left yet. */
  get isBehind(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /** Once, when everything has left; never for a socket that ends before. */
  whenDrained(then: () => void): void {
    if (this.#drained !== undefined) return void this.#drained.push(then);
    this.#drained = [then];
    this.#stream.once("drain", () => {
      const waiting = this.#drained ?? [];
      this.#drained = undefined;
      for (const one of waiting) one();
    });
  }

  /** What it has not taken yet. */
  get unsentBytes(): number {
    return this.#stream.writableLength;
  }

  /** A response. `payload` undefined leaves the member out. */
  respond(id: string, payload: unknown): void {
    const json = JSON.stringify(payload);
    const head = `{"type":"res","id":${JSON.stringify(id)},"ok":true`;
    this.#write(frameOf(json === undefined ? `${head}}` : `${head},"payload":${json}}`), "tick");
  }

  respondError(id: string, error: unknown): void {
    this.respondWireError(id, formatWireError(error));
  }

  respondWireError(id: string, error: WireError): void {
    this.#write(frameOf(JSON.stringify({ type: "res", id, ok: false, error })), "tick");
  }

  /** An event without a sequence number. False when it was not written. */
  sendDirect(event: string, payload: unknown): boolean {
    return this.#write(frameOf(JSON.stringify({ type: "event", event, payload })), "tick");
  }

  /** An event of a broadcast. One that is skipped takes its number too. */
  sendSequenced(head: EventHead, dropIfSlow: boolean): boolean {
    const seq = ++this.#seq;
    if (dropIfSlow && this.#isFull) {
      this.skippedEvents += 1;
      this.#host.onSkipped();
      return false;
    }
    return this.#write(head.numbered(seq), dropIfSlow ? "pause" : "turn");
  }

  /**
   * A peer from which not a byte came since the last ping is gone. Bytes count, not pongs: a pong stands behind whatever the
   * peer had to say before. What lies unread because we do not read is not its silence.
   */
  ping(): void {
    const { bytesRead } = this.#stream;
    if (bytesRead === this.#readAtPing && !this.socket.isPaused) return this.close(CLOSE.tryAgain, "no answer to a ping");
    this.#readAtPing = bytesRead;
    this.socket.ping();
  }

  /**
   * Until hello a frame may have 64 KiB, after it 25 MiB. `ws` takes the limit at construction only, so the receiver's own
   * field is set; a test holds both limits against the installed version.
   */
  raisePayloadLimit(bytes: number): void {
    const receiver = (this.socket as unknown as { readonly _receiver?: { _maxPayload: number } })._receiver;
    if (receiver !== undefined) receiver._maxPayload = bytes;
  }

  /** Says goodbye, waits the grace time for the other side, then cuts. Repeated calls do nothing. */
  close(code: number, reason: string): void {
    if (this.state === "closed") return;
    this.ending = { code, reason };
    this.flush();
    this.markClosed();
    const { socket } = this;
    socket.close(code, cutReason(reason, WIRE_LIMITS.closeReasonBytes));
    const cut = this.#host.clock.after(this.#host.limits.closeGraceMs, () => socket.terminate());
    socket.once("close", () => cut.close());
  }

  /** It does not read, and holds memory that others need. */
  endSlow(): void {
    if (this.state === "closed") return;
    this.#host.onSlow(this);
    this.close(CLOSE.policy, "slow consumer");
  }

  /** From here on nothing is read, started or written. */
  markClosed(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#host.onEnd(this);
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.#gathered = "";
    this.#abort?.abort(new OpenClawError("CONNECTION_LOST"));
    // A paused socket would never see the other side's goodbye.
    this.socket.resume();
  }

  /** What is gathered goes out in one system call. */
  flush(): void {
    if (this.#gathering === undefined) return;
    this.#gathering = undefined;
    this.#flushedAtMs = this.#host.clock.monotonic();
    this.#writeGathered();
    if (this.#corked) this.#stream.uncork();
    this.#corked = false;
  }

  /**
   * Beside `ws`, which takes two writes and as many buffers for each frame, and a token is two frames. Without compression it
   * writes every frame whole and at once, so frames of ours stand between two of its own.
   */
  #write(frame: Frame, soon: Soon): boolean {
    if (this.state === "closed") return false;
    if (this.#isFull) {
      this.endSlow();
      return false;
    }
    this.#gather(soon);
    if (typeof frame === "string") {
      if (this.#gathered.length + frame.length > GATHERED_BYTES_MAX) this.#writeGathered();
      this.#gathered += frame;
      return true;
    }
    if (!this.#corked) this.#stream.cork();
    this.#corked = true;
    this.#writeGathered();
    if (this.#mayWrite) for (const part of frame) this.#stream.write(part, "latin1");
    return true;
  }

  #writeGathered(): void {
    if (this.#gathered !== "" && this.#mayWrite) this.#stream.write(this.#gathered, "latin1");
    this.#gathered = "";
  }

  get #isFull(): boolean {
    return this.unsentBytes > this.#host.limits.maxBufferedBytes;
  }

  /** After the other side's goodbye nothing follows ours. */
  get #mayWrite(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  /**
   * A burst would else pay a system call for each. An answer goes when what made it is done; an event waits for the end of the loop's
   * turn, for more of them come from other sockets; and one of a stream a moment longer where the one before has only just gone, for
   * a system call costs more than all else about a token.
   */
  #gather(wished: Soon): void {
    const soon = wished === "pause" && this.#host.clock.monotonic() - this.#flushedAtMs >= PAUSE_MS ? "turn" : wished;
    if (this.#gathering !== undefined && HASTE[this.#gathering] >= HASTE[soon]) return;
    this.#gathering = soon;
    if (soon === "tick") process.nextTick(flush, this);
    else if (soon === "turn") this.#host.line.add(this);
    else this.#host.clock.after(PAUSE_MS, () => this.#host.line.add(this));
  }
}

function flush(connection: Connection): void {
  connection.flush();
}

/** When what is written has to leave. */
type Soon = "tick" | "turn" | "pause";
const HASTE: Readonly<Record<Soon, number>> = { pause: 0, turn: 1, tick: 2 };
/** Between two bursts of a stream to one socket. */
const PAUSE_MS = 1;
/** What waits to leave together. */
const GATHERED_BYTES_MAX = 32_768;
