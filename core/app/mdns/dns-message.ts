/** DNS messages as multicast DNS uses them: to bytes and back. What is read is bounded and never trusted to be whole. */
import { isIP } from "node:net";

export const DNS_TYPE = { A: 1, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, ANY: 255 } as const;

export interface Question {
  readonly name: string;
  readonly type: number;
  /** The asker wants the answer for itself alone. */
  readonly unicast: boolean;
}

export interface DnsRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  /** Whoever holds other data under this name and type is to forget it. */
  readonly unique?: boolean;
  readonly data:
    | { readonly type: "A" | "AAAA"; readonly address: string }
    | { readonly type: "PTR"; readonly target: string }
    | { readonly type: "TXT"; readonly texts: readonly string[] }
    | { readonly type: "SRV"; readonly priority: number; readonly weight: number; readonly port: number; readonly target: string };
}

export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly questions: readonly Question[];
  /** Answers and additional records alike; kinds that nobody here reads are left out. */
  readonly records: readonly DnsRecord[];
  /** Of a question: what the asker would say itself if nobody else does. */
  readonly proposed?: readonly DnsRecord[];
}

const CLASS_IN = 1;
const TOP_BIT = 0x8000;
const RESPONSE = 0x8400;
export const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;
const ENTRIES_MAX = 256;
const POINTERS_MAX = 32;

/** Labels are parted by dots; a dot or backslash within one is written with a backslash before it. */
export function encodeMessage(message: DnsMessage): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(message.id, 0);
  head.writeUInt16BE(message.isResponse ? RESPONSE : 0, 2);
  head.writeUInt16BE(message.questions.length, 4);
  head.writeUInt16BE(message.records.length, 6);
  head.writeUInt16BE(message.proposed?.length ?? 0, 8);
  const questions = message.questions.map(({ name, type, unicast }) => Buffer.concat([
    encodeName(name), uint16(type), uint16(CLASS_IN | (unicast ? TOP_BIT : 0)),
  ]));
  return Buffer.concat([head, ...questions, ...[...message.records, ...(message.proposed ?? [])].map(encodeRecord)]);
}

/** As RFC 6762, 8.2 orders sets of records of one name: by kind, then by their bytes, the shorter set first. */
export function compareRecords(a: readonly DnsRecord[], b: readonly DnsRecord[]): number {
  const bytesOf = (records: readonly DnsRecord[]): readonly Buffer[] =>
    records.map(({ data }) => Buffer.concat([uint16(DNS_TYPE[data.type]), encodeData(data)])).sort(Buffer.compare);
  const [left, right] = [bytesOf(a), bytesOf(b)];
  for (const [at, one] of left.entries()) {
    const other = right[at];
    if (other === undefined) return 1;
    const order = Buffer.compare(one, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function encodeRecord({ name, ttlSeconds, unique, data }: DnsRecord): Buffer {
  const body = encodeData(data);
  const ttl = Buffer.alloc(4);
  ttl.writeUInt32BE(ttlSeconds);
  return Buffer.concat([
    encodeName(name), uint16(DNS_TYPE[data.type]), uint16(CLASS_IN | (unique === true ? TOP_BIT : 0)), ttl, uint16(body.length), body,
  ]);
}

function encodeData(data: DnsRecord["data"]): Buffer {
  switch (data.type) {
    case "A": return Buffer.from(data.address.split(".").map(Number));
    case "AAAA": return encodeIp6(data.address);
    case "PTR": return encodeName(data.target);
    case "TXT": return Buffer.concat(data.texts.length === 0 ? [Buffer.from([0])] : data.texts.map(encodeText));
    case "SRV": return Buffer.concat([uint16(data.priority), uint16(data.weight), uint16(data.port), encodeName(data.target)]);
  }
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8").subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export function encodeName(name: string): Buffer {
  const parts = splitName(name).map((label) => {
    const bytes = Buffer.from(label, "utf8").subarray(0, LABEL_BYTES_MAX);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function splitName(name: string): string[] {
  const labels = name.match(/(?:\\.|[^.\\])+/gs) ?? [];
  return labels.map((label) => label.replace(/\\(.)/gs, "$1"));
}

/** One label, with what would part it made harmless. */
export function escapeLabel(label: string): string {
  return label.replace(/[.\\]/g, "\\$&");
}

/** Undefined for what is no message. */
export function decodeMessage(bytes: Buffer): DnsMessage | undefined {
  try {
    return new MessageReader(bytes).read();
  } catch {
    return undefined; // anybody may send anything to this port
  }
}

class MessageReader {
  readonly #bytes: Buffer;
  #at = 12;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): DnsMessage {
    const bytes = this.#bytes;
    const questionCount = bytes.readUInt16BE(4);
    const counts = [bytes.readUInt16BE(6), bytes.readUInt16BE(8), bytes.readUInt16BE(10)] as const;
    if (questionCount + counts[0] + counts[1] + counts[2] > ENTRIES_MAX) throw new RangeError("too many entries");
    const questions = Array.from({ length: questionCount }, (): Question => {
      const name = this.#name();
      const type = this.#uint16();
      return { name, type, unicast: (this.#uint16() & TOP_BIT) !== 0 };
    });
    const [answers, proposed, further] = counts.map((count) => this.#records(count)) as [DnsRecord[], DnsRecord[], DnsRecord[]];
    return {
      id: bytes.readUInt16BE(0), isResponse: (bytes.readUInt16BE(2) & 0x8000) !== 0, questions, records: [...answers, ...further],
      ...(proposed.length === 0 ? {} : { proposed }),
    };
  }

  #records(count: number): DnsRecord[] {
    const records: DnsRecord[] = [];
    for (let index = 0; index < count; index += 1) {
      const record = this.#record();
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  #record(): DnsRecord | undefined {
    const name = this.#name();
    const [type, kind] = [this.#uint16(), this.#uint16()];
    const ttlSeconds = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    const length = this.#uint16();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("a record goes beyond the message");
    const data = (kind & ~TOP_BIT) === CLASS_IN ? this.#data(type, end) : undefined;
    this.#at = end;
    return data === undefined ? undefined : { name, ttlSeconds, unique: (kind & TOP_BIT) !== 0, data };
  }

  #data(type: number, end: number): DnsRecord["data"] | undefined {
    switch (type) {
      case DNS_TYPE.A: return { type: "A", address: [...this.#bytes.subarray(this.#at, this.#at + 4)].join(".") };
      case DNS_TYPE.AAAA: return { type: "AAAA", address: decodeIp6(this.#bytes.subarray(this.#at, this.#at + 16)) };
      case DNS_TYPE.PTR: return { type: "PTR", target: this.#name() };
      case DNS_TYPE.SRV: {
        const [priority, weight, port] = [this.#uint16(), this.#uint16(), this.#uint16()];
        return { type: "SRV", priority, weight, port, target: this.#name() };
      }
      case DNS_TYPE.TXT: {
        const texts: string[] = [];
        while (this.#at < end) {
          const length = this.#bytes.readUInt8(this.#at);
          texts.push(this.#bytes.toString("utf8", this.#at + 1, Math.min(end, this.#at + 1 + length)));
          this.#at += 1 + length;
        }
        return { type: "TXT", texts: texts.filter((text) => text !== "") };
      }
      default: return undefined;
    }
  }

  #name(): string {
    const labels: string[] = [];
    let at = this.#at;
    let after: number | undefined;
    let bytesRead = 0;
    for (let pointers = 0; ; ) {
      const length = this.#bytes.readUInt8(at);
      if (length === 0) break;
      if ((length & 0xc0) === 0xc0) {
        after ??= at + 2;
        at = this.#bytes.readUInt16BE(at) & 0x3fff;
        if (++pointers > POINTERS_MAX) throw new RangeError("a name goes round in circles");
        continue;
      }
      bytesRead += length + 1;
      if (
        length > LABEL_BYTES_MAX || bytesRead > NAME_BYTES_MAX || at + 1 + length > this.#bytes.length
      ) throw new RangeError("a name is too long");
      labels.push(escapeLabel(this.#bytes.toString("utf8", at + 1, at + 1 + length)));
      at += 1 + length;
    }
    this.#at = after ?? at + 1;
    return labels.join(".");
  }

  #uint16(): number {
    const value = this.#bytes.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function encodeIp6(address: string): Buffer {
  const [head = "", tail = ""] = (isIP(address) === 6 ? address.replace(/%.*$/, "") : "::").split("::", 2);
  const words = (part: string): number[] => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const [before, after] = [words(head), words(tail)];
  const zeros = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  return Buffer.concat([...before, ...zeros, ...after].slice(0, 8).map(uint16));
}

function decodeIp6(bytes: Buffer): string {
  const words = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16)).join(":");
  return new URL(`http://[${words}]`).hostname.slice(1, -1); // as people write it
}
