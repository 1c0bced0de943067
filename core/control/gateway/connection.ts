/**
 * One socket: its state, its queue of requests, its sequence of events.
 *
 * Everything that is written goes through `#write`, which knows what the client has not read yet. A client that does not
 * read loses what may be lost, and is closed by what may not.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Clock } from "../../base/clock.ts";
import { CLOSE, formatWireError, OpenClawError, TEXT_INCREMENTS_CAP, WIRE_LIMITS, type WireError } from "@openclaw/protocol";
import type { Secret } from "../../base/secret.ts";
import type { ClientSource } from "./client-source.ts";
import type { FlushLine } from "./flush-line.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView } from "./method.ts";
import type { NodeSession } from "./node-link.ts";
import { cutReason } from "./refuse.ts";
import { textFrames } from "./text-frames.ts";

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
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  /** Where it waits to write, shared by all. */
  readonly line: FlushLine;
  readonly onSlow: (connection: Connection) => void;
  /** Called once, before its queue is thrown away. */
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
  readonly #clock: Clock;
  readonly #limits: GatewayLimits;
  readonly #line: FlushLine;
  readonly #onSlow: (connection: Connection) => void;
  readonly #onEnd: (connection: Connection) => void;
  readonly #stream: Socket;
  #seq = 0;
  #readAtPing = -1;
  #gathering: Soon | undefined;
  #flushedAtMs = 0;
  /** Events that leave together. */
  #texts: string[] = [];
  #abort: AbortController | undefined;
  readonly #drained: (() => void)[] = [];

  constructor(deps: ConnectionDeps) {
    this.socket = deps.socket;
    this.#stream = deps.stream;
    this.connId = deps.connId;
    this.nonce = deps.nonce;
    this.openedAtMs = deps.openedAtMs;
    this.source = deps.source;
    this.headers = deps.headers;
    this.origin = deps.origin;
    this.#clock = deps.clock;
    this.#limits = deps.limits;
    this.#line = deps.line;
    this.#onSlow = deps.onSlow;
    this.#onEnd = deps.onEnd;
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

  get isGone(): boolean {
    return this.state === "closed";
  }

  /** What was sent before has not left yet. */
  get isBehind(): boolean {
    return this.#stream.writableNeedDrain;
  }

  /** Once, when everything has left; never for a socket that ends before. */
  whenDrained(then: () => void): void {
    if (this.#drained.push(then) === 1) this.#stream.once("drain", () => {
      for (const one of this.#drained.splice(0)) one();
    });
  }

  /** A response. `payload` undefined leaves the member out. */
  respond(id: string, payload: unknown): void {
    const json = JSON.stringify(payload);
    const head = `{"type":"res","id":${JSON.stringify(id)},"ok":true`;
    this.#write(json === undefined ? `${head}}` : `${head},"payload":${json}}`);
  }

  respondError(id: string, error: unknown): void {
    this.respondWireError(id, formatWireError(error));
  }

  respondWireError(id: string, error: WireError): void {
    this.#write(JSON.stringify({ type: "res", id, ok: false, error }));
  }

  /** An event without a sequence number. False when it was not written. */
  sendDirect(event: string, payload: unknown): boolean {
    return this.#write(JSON.stringify({ type: "event", event, payload }));
  }

  /** An event of a broadcast: `head` is the frame without its end, made once for all sockets. A skipped one takes its number too. */
  sendSequenced(head: string, dropIfSlow: boolean): boolean {
    const seq = ++this.#seq;
    if (dropIfSlow && this.socket.bufferedAmount > this.#limits.maxBufferedBytes) return false;
    return this.#write(`${head},"seq":${seq}}`, dropIfSlow ? "pause" : "turn");
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
    this.#frameTexts();
    this.markClosed();
    const { socket } = this;
    socket.close(code, cutReason(reason, WIRE_LIMITS.closeReasonBytes));
    const cut = this.#clock.after(this.#limits.closeGraceMs, () => socket.terminate());
    socket.once("close", () => cut.close());
  }

  /** It does not read, and holds memory that others need. */
  endSlow(): void {
    if (this.state === "closed") return;
    this.#onSlow(this);
    this.close(CLOSE.policy, "slow consumer");
  }

  /** From here on nothing is read, started or written. */
  markClosed(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#onEnd(this);
    this.queue.length = 0;
    this.queuedBytes = 0;
    this.#texts = [];
    this.#abort?.abort(new OpenClawError("CONNECTION_LOST"));
    // A paused socket would never see the other side's goodbye.
    this.socket.resume();
  }

  #write(text: string, soon: Soon = "tick"): boolean {
    if (this.state === "closed") return false;
    if (this.socket.bufferedAmount > this.#limits.maxBufferedBytes) {
      this.endSlow();
      return false;
    }
    this.#gather(soon);
    if (soon !== "tick" && text.length <= GATHERED_CHARS_MAX) {
      this.#texts.push(text);
      if (this.#texts.length >= GATHERED_MAX) this.#frameTexts();
      return true;
    }
    this.#frameTexts();
    this.socket.send(text);
    return true;
  }

  /**
   * Beside `ws`, which takes two writes and as many buffers for each frame, and a token is two frames. Without compression it
   * writes every frame whole and at once, so frames of ours stand between two of its own.
   */
  #frameTexts(): void {
    if (this.#texts.length === 0) return;
    const texts = this.#texts;
    this.#texts = [];
    if (this.socket.readyState === this.socket.OPEN) this.#stream.write(textFrames(texts));
  }

  /**
   * What is sent together goes out in one system call: a burst would else pay for each. An answer goes when what made it is done;
   * an event waits for the end of the loop's turn, for more of them come from other sockets; and one of a stream a moment longer
   * where the one before has only just gone, for a system call costs more than all else about a token.
   */
  #gather(wished: Soon): void {
    const soon = wished === "pause" && this.#clock.monotonic() - this.#flushedAtMs >= PAUSE_MS ? "turn" : wished;
    if (this.#gathering === undefined) this.#stream.cork();
    if (this.#gathering !== undefined && HASTE[this.#gathering] >= HASTE[soon]) return;
    this.#gathering = soon;
    if (soon === "tick") process.nextTick(this.#flush);
    else if (soon === "turn") this.#line.add(this.#flush);
    else this.#clock.after(PAUSE_MS, () => this.#line.add(this.#flush));
  }

  readonly #flush = (): void => {
    if (this.#gathering === undefined) return;
    this.#gathering = undefined;
    this.#flushedAtMs = this.#clock.monotonic();
    this.#frameTexts();
    this.#stream.uncork();
  };
}

/** When what is written has to leave. */
type Soon = "tick" | "turn" | "pause";
const HASTE: Readonly<Record<Soon, number>> = { pause: 0, turn: 1, tick: 2 };
/** Between two bursts of a stream to one socket. */
const PAUSE_MS = 1;
/** Events that wait to leave together, and how long each may be: below what a slow client is told by. */
const GATHERED_MAX = 64;
const GATHERED_CHARS_MAX = 4_096;
