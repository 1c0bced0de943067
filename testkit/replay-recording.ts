/**
 * Plays the client's side of a recorded conversation against a gateway, frame by frame, and says what was otherwise: an answer
 * that does not look as it did, or does not fit the method's schema; an event that did not come, or came in another order.
 */
import { readFile } from "node:fs/promises";
import { WebSocket } from "ws";
import { Ajv } from "ajv";
import { methodSpec } from "@openclaw/protocol/methods";
import { makeDevice, proveDevice, type PlainDevice } from "./plain-client.ts";
import { BESIDE, isPiece, nameEvent, type Line, type SaidByClient, type Shape } from "./recording.ts";

export interface ReplayOptions {
  readonly port: number;
  readonly token: string;
  /** Stands where the recording says `$scratch`, and `$home`. */
  readonly scratch: string;
  /** The same devices in the next recording of the same client. */
  readonly devices?: Map<number, PlainDevice>;
}

export async function readRecording(path: string): Promise<readonly Line[]> {
  return (await readFile(path, "utf8")).split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Line);
}

/** Everything that was otherwise, in words; nothing when all was as recorded. Closes every connection it opened. */
export async function replayRecording(lines: readonly Line[], options: ReplayOptions): Promise<readonly string[]> {
  const replay = new Replay(options);
  try {
    for (const line of lines) if (replay.wrong.length < WRONG_MAX) await replay.play(line);
    return replay.wrong;
  } finally {
    replay.close();
  }
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly ok?: boolean;
  readonly payload?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly event?: string;
}

interface Peer {
  readonly socket: WebSocket;
  readonly frames: Frame[];
  /** Methods by request id. */
  readonly asked: Map<string, string>;
  readonly challenge: { readonly nonce: string; readonly ts: number };
  closed: number | undefined;
}

const WAIT_MS = 6_000;
/** After so many a conversation has gone another way, and the rest says nothing. */
const WRONG_MAX = 6;
const POLL_MS = 5;
const ajv = new Ajv({ strict: false, allErrors: false });

class Replay {
  readonly wrong: string[] = [];
  readonly #options: ReplayOptions;
  readonly #peers = new Map<number, Peer>();
  readonly #values = new Map<string, string>();
  readonly #devices: Map<number, PlainDevice>;
  /** Of each run on each connection, the events seen so far by name. */
  readonly #order = new Map<string, number>();

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#devices = options.devices ?? new Map();
  }

  async play(line: Line): Promise<void> {
    if ("send" in line) return await this.#send(line);
    const peer = this.#peers.get(line.c);
    if (peer === undefined) return;
    if ("closed" in line) {
      if (line.closed === null) peer.socket.close();
      else await this.#expectClose(peer, line.c, line.closed);
    } else if ("answer" in line) {
      const status = statusOf(line.shape);
      const frame = await this.#take(peer, `the answer to ${peer.asked.get(line.answer) ?? line.answer}`, ({ id, payload }) => {
        // Of two answers to one request the first says `accepted`.
        return id === line.answer && (status === undefined || status === statusIn(payload) || statusIn(payload) !== "accepted");
      });
      if (frame !== undefined) this.#checkAnswer(peer, line, frame);
    } else {
      const run = line.run;
      const frame = await this.#take(peer, `the event ${line.event}`, (one) => (
        one.event !== undefined && nameEvent(one.event, one.payload) === line.event && (run === undefined || runIn(one.payload) === run)
      ));
      if (frame === undefined) return;
      this.#compare(line.shape, frame.payload, `event ${line.event}`);
      if (run !== undefined && !isPiece(line.event)) this.#checkOrder(line.c, run, line.event, frame);
    }
  }

  close(): void {
    for (const { socket } of this.#peers.values()) socket.terminate();
  }

  async #send({ c, send: { id, method, params }, device }: SaidByClient): Promise<void> {
    const peer = this.#peers.get(c) ?? (await this.#open(c, isPage(params)));
    peer.asked.set(id, method);
    let filled = this.#fill(params) as Record<string, unknown> | undefined;
    if (device !== undefined && filled !== undefined) {
      let known = this.#devices.get(device);
      if (known === undefined) this.#devices.set(device, (known = makeDevice()));
      filled = { ...filled, device: proveDevice(known, peer.challenge, filled) };
    }
    peer.socket.send(JSON.stringify(filled === undefined ? { type: "req", id, method } : { type: "req", id, method, params: filled }));
  }

  async #open(c: number, isPageOfOurs: boolean): Promise<Peer> {
    const { port } = this.#options;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
      perMessageDeflate: false, maxPayload: 1 << 26, ...(isPageOfOurs ? { origin: `http://127.0.0.1:${port}` } : {}),
    });
    const frames: Frame[] = [];
    const first = Promise.withResolvers<Peer["challenge"]>();
    socket.on("message", (data) => {
      const frame = JSON.parse((data as Buffer).toString()) as Frame;
      if (frame.event === "connect.challenge") first.resolve(frame.payload as Peer["challenge"]);
      else frames.push(frame);
    });
    socket.on("error", (error) => first.reject(error));
    const peer: Peer = { socket, frames, asked: new Map(), challenge: await first.promise, closed: undefined };
    socket.on("close", (code) => (peer.closed = code));
    this.#peers.set(c, peer);
    return peer;
  }

  /** Takes the first frame that fits out of those that came; waits for it. */
  async #take(peer: Peer, what: string, fits: (frame: Frame) => boolean): Promise<Frame | undefined> {
    for (const began = Date.now(); ; ) {
      const at = peer.frames.findIndex(fits);
      if (at >= 0) return peer.frames.splice(at, 1)[0];
      if (Date.now() - began > WAIT_MS || peer.closed !== undefined) {
        this.wrong.push(`${what} did not come${peer.closed === undefined ? "" : `: closed with ${peer.closed}`}`);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #expectClose(peer: Peer, c: number, code: number): Promise<void> {
    for (const began = Date.now(); peer.closed === undefined && Date.now() - began < WAIT_MS; ) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    if (peer.closed !== code) this.wrong.push(`connection ${c} closed with ${peer.closed ?? "nothing"}, not ${code}`);
  }

  #checkAnswer(peer: Peer, line: Extract<Line, { answer: string }>, frame: Frame): void {
    const method = peer.asked.get(line.answer) ?? "";
    if (frame.ok !== line.ok) {
      const { code = "", message = "" } = frame.error ?? {};
      this.wrong.push(`${method}: ${line.ok ? `refused now: ${code} ${message}` : "accepted now"}`);
      return;
    }
    if (!line.ok) {
      const code = frame.error?.code ?? "nothing";
      if (code !== line.error) this.wrong.push(`${method}: refused with ${code}, not ${line.error ?? ""}`);
      return;
    }
    this.#compare(line.shape, frame.payload, method);
    const schema = methodSpec(method)?.result;
    if (schema === undefined) return;
    const check = ajv.compile(schema);
    if (!check(frame.payload)) this.wrong.push(`${method}: the result does not fit its schema: ${ajv.errorsText(check.errors)}`);
  }

  /** Events of one run come in the order they were recorded in. */
  #checkOrder(c: number, run: string, name: string, frame: Frame): void {
    const seq = seqIn(frame);
    if (seq === undefined) return;
    const key = `${c} ${run}`;
    const before = this.#order.get(key) ?? 0;
    if (seq < before) this.wrong.push(`${name} of ${run} came before what it followed`);
    this.#order.set(key, seq);
  }

  #compare(shape: Shape, value: unknown, where: string): void {
    if (typeof shape === "string") return this.#compareLeaf(shape, value, where);
    if (Array.isArray(shape)) {
      if (!Array.isArray(value)) return void this.wrong.push(`${where} is no list`);
      shape.forEach((one: Shape, at) => {
        if (at < value.length) this.#compare(one, value[at], `${where}[${at}]`);
        else this.wrong.push(`${where} has ${value.length} elements, not ${shape.length}`);
      });
      return;
    }
    if (typeof value !== "object" || value === null) return void this.wrong.push(`${where} is no object`);
    for (const [name, one] of Object.entries(shape as Readonly<Record<string, Shape>>)) {
      if (Object.hasOwn(value, name)) this.#compare(one, (value as Record<string, unknown>)[name], `${where}.${name}`);
      else if (one !== "null") this.wrong.push(`${where} has no ${name}`);
    }
  }

  #compareLeaf(shape: string, value: unknown, where: string): void {
    if (shape.startsWith("$")) {
      if (typeof value === "string") this.#values.set(shape, value);
      else this.wrong.push(`${where} is no text`);
    } else if (shape.startsWith("=")) {
      if (value !== shape.slice(1)) this.wrong.push(`${where} is ${JSON.stringify(value)}, not ${JSON.stringify(shape.slice(1))}`);
    } else if (shape !== "null" && value !== null && typeof value !== shape) {
      this.wrong.push(`${where} is a ${typeof value}, not a ${shape}`);
    }
  }

  #fill(value: unknown): unknown {
    if (typeof value === "string") return this.#fillText(value);
    if (Array.isArray(value)) return value.map((one) => this.#fill(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#fill(one)]));
  }

  #fillText(text: string): string {
    const known = this.#values.get(text);
    if (known !== undefined) return known;
    const { token, scratch } = this.#options;
    const filled = text.replace(/\$\d+/g, (name) => this.#values.get(name) ?? name);
    return filled.replaceAll("$token", token).replaceAll("$scratch", scratch).replaceAll("$home", scratch);
  }
}

/** A browser names the origin of its page. */
function isPage(hello: unknown): boolean {
  return (hello as { readonly client?: { readonly id?: string } } | undefined)?.client?.id === "openclaw-control-ui";
}

function statusOf(shape: Shape): string | undefined {
  const status = typeof shape === "object" && !Array.isArray(shape) ? (shape as Readonly<Record<string, Shape>>)["status"] : undefined;
  return typeof status === "string" && status.startsWith("=") ? status.slice(1) : undefined;
}

function statusIn(payload: unknown): unknown {
  return (payload as { readonly status?: unknown } | null | undefined)?.status;
}

function runIn(payload: unknown): unknown {
  return (payload as { readonly runId?: unknown } | null | undefined)?.runId;
}

/** Of an event of a run: its place within the run. */
function seqIn({ event, payload }: Frame): number | undefined {
  if (event === undefined || BESIDE.has(event)) return undefined;
  const { seq } = (payload ?? {}) as { readonly seq?: unknown };
  return typeof seq === "number" ? seq : undefined;
}
