/**
 * A WebSocket client without a library: it writes any bytes it is told to and reads frames as they come, so that a test can say
 * what no well-behaved client would.
 */
import { createHash, randomBytes } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import type { MethodSpec } from "@openclaw/protocol";
import { connectFrame, startGateway, type TestGateway, type TestOptions } from "../test-gateway.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface WrittenFrame {
  readonly opcode: number;
  readonly payload?: Buffer | string;
  readonly fin?: boolean;
  /** The three reserved bits, 0 to 7. */
  readonly reserved?: number;
  readonly masked?: boolean;
}

export interface ReadFrame { readonly opcode: number; readonly fin: boolean; readonly payload: Buffer }

export interface Ending {
  /** Of the close frame; undefined when the socket ended without one, null when the frame had none. */
  readonly code: number | null | undefined;
  readonly reason: string;
}

export class RawSocket {
  readonly #socket: Socket;
  readonly frames: ReadFrame[] = [];
  readonly ended: Promise<Ending>;
  head = "";
  #bytes = Buffer.alloc(0);
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(port: number) {
    this.#socket = createConnection(port, "127.0.0.1");
    this.#socket.setNoDelay(true);
    this.#socket.on("error", () => undefined);
    this.#socket.on("data", (data) => {
      this.#bytes = Buffer.concat([this.#bytes, data]);
      this.#read();
    });
    this.ended = new Promise((resolve) => this.#socket.on("close", () => {
      this.#over = true;
      this.#wake();
      const close = this.frames.findLast(({ opcode }) => opcode === OPCODE.close);
      resolve({
        code: close === undefined ? undefined : close.payload.length < 2 ? null : close.payload.readUInt16BE(0),
        reason: close?.payload.toString("utf8", 2) ?? "",
      });
    }));
  }

  /** Asks for the upgrade; resolves with the whole head of the answer. `lines` are added to the request or replace its own. */
  async upgrade({ path = "/", method = "GET", lines = {} }: UpgradeRequest = {}): Promise<string> {
    if (this.#socket.connecting) await new Promise((resolve) => this.#socket.once("connect", resolve));
    const headers: Record<string, string | undefined> = {
      Host: `127.0.0.1:${this.#socket.remotePort}`, Upgrade: "websocket", Connection: "Upgrade",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"), "Sec-WebSocket-Version": "13", ...lines,
    };
    const text = Object.entries(headers).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}\r\n`);
    this.#socket.write(`${method} ${path} HTTP/1.1\r\n${text.join("")}\r\n`);
    await this.until(() => this.head !== "");
    return this.head;
  }

  get isOver(): boolean {
    return this.#over;
  }

  writeBytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  write(...frames: readonly WrittenFrame[]): void {
    this.#socket.write(Buffer.concat(frames.map(formatFrame)));
  }

  /** The same bytes in pieces of that size, each a write of its own. */
  async writeInPieces(size: number, ...frames: readonly WrittenFrame[]): Promise<void> {
    const bytes = Buffer.concat(frames.map(formatFrame));
    for (let at = 0; at < bytes.length; at += size) {
      await new Promise<void>((resolve) => this.#socket.write(bytes.subarray(at, at + size), () => resolve()));
    }
  }

  /** The first frame that fits, read already or yet to come. Throws when the socket ends without it. */
  async frame(fits: (frame: ReadFrame) => boolean): Promise<ReadFrame> {
    await this.until(() => this.frames.some(fits));
    const found = this.frames.find(fits);
    if (found === undefined) throw new Error(`the socket ended: ${JSON.stringify(await this.ended)}`);
    return found;
  }

  async json(fits: (message: Readonly<Record<string, unknown>>) => boolean): Promise<Readonly<Record<string, unknown>>> {
    const parse = ({ payload }: ReadFrame): Readonly<Record<string, unknown>> => JSON.parse(payload.toString()) as never;
    return parse(await this.frame((frame) => frame.opcode === OPCODE.text && fits(parse(frame))));
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#over) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async end(): Promise<void> {
    this.#socket.destroy();
    await this.ended;
  }

  #read(): void {
    if (this.head === "") {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end === -1) return;
      this.head = this.#bytes.toString("latin1", 0, end);
      this.#bytes = this.head.startsWith("HTTP/1.1 101") ? this.#bytes.subarray(end + 4) : Buffer.alloc(0);
    }
    const isOpen = this.head.startsWith("HTTP/1.1 101");
    for (let frame = isOpen ? this.#take() : undefined; frame !== undefined; frame = this.#take()) this.frames.push(frame);
    this.#wake();
  }

  /** A server's frame: never masked, no reserved bit. */
  #take(): ReadFrame | undefined {
    const bytes = this.#bytes;
    const [first = 0, second = 0] = bytes;
    if (bytes.length < 2) return undefined;
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) throw new Error("a server sets no reserved bit and masks nothing");
    const short = second & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < head) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < head + length) return undefined;
    this.#bytes = bytes.subarray(head + length);
    return { opcode: first & 0x0f, fin: (first & 0x80) !== 0, payload: bytes.subarray(head, head + length) };
  }

  #wake(): void {
    for (const one of this.#waiting.splice(0)) one();
  }
}

export interface UpgradeRequest {
  readonly path?: string;
  readonly method?: string;
  /** Undefined takes a header away. */
  readonly lines?: Readonly<Record<string, string | undefined>>;
}

export function formatFrame({ opcode, payload = "", fin = true, reserved = 0, masked = true }: WrittenFrame): Buffer {
  const body = Buffer.from(payload);
  const head = Buffer.alloc(body.length < 126 ? 2 : body.length <= 0xffff ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (body.length < 126 ? body.length : body.length <= 0xffff ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(body.length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(body.length), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, body.map((byte, at) => byte ^ (mask[at % 4] ?? 0))]);
}

export function formatClose(code: number | undefined, reason: Buffer | string = ""): WrittenFrame {
  const payload = code === undefined ? Buffer.alloc(0) : Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  return { opcode: OPCODE.close, payload };
}

const echo: MethodSpec = { role: "any", summary: "Answers what it was given.", params: {}, result: {} };

/** A gateway with `test.echo`, which answers its parameters. */
export async function startEchoGateway(options: Pick<TestOptions, "clock"> = {}): Promise<TestGateway> {
  return await startGateway({ ...options, specs: { "test.echo": echo }, methods: { "test.echo": (params) => params } });
}

/** Upgraded and greeted. */
export async function openRaw(gateway: TestGateway): Promise<RawSocket> {
  const raw = new RawSocket(gateway.gateway.port);
  await raw.upgrade();
  const { payload } = (await raw.json(({ event }) => event === "connect.challenge")) as { readonly payload: { nonce: string; ts: number } };
  raw.write({ opcode: OPCODE.text, payload: JSON.stringify(connectFrame(payload)) });
  const hello = await raw.json(({ id }) => id === "hello");
  if (hello["ok"] !== true) throw new Error(JSON.stringify(hello));
  return raw;
}

export const request = (id: string, params: unknown): string => JSON.stringify({ type: "req", id, method: "test.echo", params });

/** It is open and answers. */
export async function isServed(raw: RawSocket, id = "still there"): Promise<boolean> {
  raw.write({ opcode: OPCODE.text, payload: request(id, id) });
  return (await raw.json((message) => message["id"] === id))["payload"] === id;
}

export function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}
