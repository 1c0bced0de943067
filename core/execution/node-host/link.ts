import { NODE_LIMITS, OUTPUT_GOES_ON, type InvokeProgressParams, type InvokeResultParams } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { OutputCursor, OutputLog, OutputPiece } from "./output-log.ts";

/** One live connection to a gateway, as links see it. */
export interface Connection {
  readonly isLive: boolean;
  /** The gateway wants to know where each piece of output stands; another one refuses such a frame. */
  readonly knowsJournal: boolean;
  /** Bytes that wait to be written. */
  buffered(): number;
  /** Rejects with the gateway's coded error, or CONNECTION_LOST. */
  request(method: string, params: unknown): Promise<unknown>;
  /** Calls `wake` once, after the next answer from the gateway. */
  onceAnswered(wake: () => void): void;
}

export type InvokeOutcome =
  | { readonly ok: true; readonly payload: unknown }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };

export interface LinkOptions {
  readonly connection: Connection;
  readonly invocationId: string;
  readonly nodeId: string;
  readonly slot: number | undefined;
  readonly epoch: number | undefined;
  /** Output beyond this offset is not streamed; one marked chunk says so. */
  readonly streamedBytesMax: number;
  /** After the result was sent, or the link was dropped. Called once. */
  readonly onEnd: (link: Link) => void;
}

/** Unanswered chunks of one invocation. Answers set the pace: a gateway that falls behind slows the stream, not the process. */
const CHUNKS_IN_FLIGHT = 16;
const BUFFERED_BYTES_MAX = 1_048_576;
const PAYLOAD_JSON_MAX = 4_194_304;
const MESSAGE_CHARS_MAX = 4_096;

/**
 * Where one invocation's output and result go. Output is always read from the journal's file, at the pace of the gateway's
 * answers, so that memory does not depend on how far the gateway is behind. The result follows the last chunk.
 */
export class Link {
  readonly slot: number | undefined;
  readonly epoch: number | undefined;
  readonly connection: Connection;
  readonly #options: LinkOptions;
  #source: { readonly log: OutputLog; readonly cursor: OutputCursor } | undefined;
  #result: InvokeResultParams | undefined;
  #seq = 0;
  #inFlight = 0;
  #isMarked = false;
  #isScheduled = false;
  #isWaiting = false;
  #isEnded = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.slot = options.slot;
    this.epoch = options.epoch;
  }

  /** Sends the output from `offset` on. A link sends the output of one log. */
  follow(log: OutputLog, offset: number): void {
    this.#source = { log, cursor: log.seek(offset) };
    this.#isMarked = offset > this.#options.streamedBytesMax;
    this.grew();
  }

  /** There is more in the log. What arrives in the same moment goes out together. */
  grew(): void {
    if (this.#isScheduled || this.#isEnded) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  /** Sends the result once all output is sent, and ends the link. */
  finish(result: InvokeResultParams): void {
    this.#result = result;
    if (this.#source === undefined) this.#pump();
    else this.grew();
  }

  /** Nothing more goes out on this link. */
  drop(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.onEnd(this);
  }

  #pump(): void {
    while (!this.#isEnded) {
      if (!this.connection.isLive) return this.drop();
      if (this.#inFlight >= CHUNKS_IN_FLIGHT) return; // the next answer goes on
      if (this.connection.buffered() > BUFFERED_BYTES_MAX) return this.#waitForAnswer();
      const chunk = this.#nextChunk();
      if (chunk === undefined) break;
      this.#send(chunk);
    }
    if (this.#result !== undefined) this.#sendResult(this.#result);
  }

  #nextChunk(): InvokeProgressParams | undefined {
    if (this.#source === undefined) return undefined;
    const { log, cursor } = this.#source;
    const { streamedBytesMax } = this.#options;
    const piece = readOrNothing(log, cursor, Math.min(NODE_LIMITS.progressChunkChars, streamedBytesMax - cursor.offset));
    if (piece !== undefined) return this.#chunkOf(piece);
    const left = log.totalBytes - cursor.offset;
    // Bytes that were counted and not stored, or lie beyond what is streamed: one mark stands for those so far.
    if (this.#isMarked || left <= 0 || (cursor.offset < log.storedBytes && cursor.offset < streamedBytesMax)) return undefined;
    this.#isMarked = true;
    const chunk = OUTPUT_GOES_ON;
    if (!this.connection.knowsJournal) return { ...this.#header(), chunk };
    return { ...this.#header(), chunk, stream: "stdout", offset: cursor.offset, bytes: left };
  }

  #chunkOf({ stream, offset, bytes }: OutputPiece): InvokeProgressParams {
    const chunk = bytes.toString("utf8");
    if (!this.connection.knowsJournal) return { ...this.#header(), chunk };
    const isExact = Buffer.byteLength(chunk) === bytes.length;
    return { ...this.#header(), chunk, stream, offset, ...(isExact ? {} : { bytes: bytes.length }) };
  }

  #header(): { readonly invokeId: string; readonly nodeId: string; readonly seq: number } {
    return { invokeId: this.#options.invocationId, nodeId: this.#options.nodeId, seq: this.#seq++ };
  }

  #send(chunk: InvokeProgressParams): void {
    this.#inFlight++;
    const answered = (): void => {
      this.#inFlight--;
      this.grew();
    };
    // A chunk that the gateway refuses is not sent again: the result holds what matters, and the journal the rest.
    this.connection.request("node.invoke.progress", chunk).then(answered, answered);
  }

  #sendResult(result: InvokeResultParams): void {
    if (this.#isEnded) return;
    this.connection.request("node.invoke.result", result).catch(() => undefined); // lost: the gateway attaches and gets it again
    crashPoint("node-host.result-sent");
    this.drop();
  }

  #waitForAnswer(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.connection.onceAnswered(() => {
      this.#isWaiting = false;
      this.grew();
    });
  }
}

/** The `node.invoke.result` of an outcome; one that is too large to be sent becomes an error that says so. */
export function formatResult(invocationId: string, nodeId: string, outcome: InvokeOutcome): InvokeResultParams {
  if (!outcome.ok) {
    const { code, message } = outcome.error;
    return { id: invocationId, nodeId, ok: false, error: { code, message: message.slice(0, MESSAGE_CHARS_MAX) } };
  }
  const payloadJSON = JSON.stringify(outcome.payload);
  // Text full of control characters grows sixfold as JSON inside JSON; as a plain object it grows once.
  if (payloadJSON.length > PAYLOAD_JSON_MAX) return { id: invocationId, nodeId, ok: true, payload: outcome.payload };
  return { id: invocationId, nodeId, ok: true, payloadJSON };
}

function readOrNothing(log: OutputLog, cursor: OutputCursor, bytesMax: number): OutputPiece | undefined {
  if (bytesMax <= 0) return undefined;
  try {
    return log.read(cursor, bytesMax);
  } catch {
    return undefined; // the file is gone or unreadable: the result still says how it ended
  }
}
