/**
 * Files over plain HTTP: read in ranges, brought in pieces.
 *
 * The page has no credential that a plain request could carry, so an address is one: it is made on the connection of a device that
 * may, holds 256 random bits, is for one file of one session, and is worth nothing when its time is over or its connection is gone.
 * Whatever a file is, it is served inertly: as its sniffed form where browsers show or play that and nothing more, else as bytes to save.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../../base/clock.ts";
import type { OpenAttachment } from "../../../fabric/journal.ts";
import { checkAnnounced, readUpload, type MediaLimits, type UploadParams } from "../../media.ts";
import type { Sessions } from "../../sessions.ts";
import { sendJson } from "../send-json.ts";
import { HttpRefusal, invalidRequest, refusalOf, sendRefusal } from "./http-refusal.ts";
import { rangeOf } from "./range-of.ts";

export interface FileDeskDeps {
  readonly clock: Clock;
  readonly sessions: Pick<Sessions, "openFile" | "receiveFile">;
  readonly limits: () => Partial<MediaLimits>;
}

export interface FileLink {
  /** Path on this gateway. */
  readonly url: string;
  readonly expiresAtMs: number;
}

export interface UploadWish extends UploadParams {
  readonly thumbnailId?: string;
}

export interface FileDesk {
  /** An address for reading one file. Throws NOT_FOUND. */
  link(key: string, id: string, signal: AbortSignal): Promise<FileLink>;
  /** An address for bringing one: PUT in order, `?from=` the byte each piece begins at. Throws MEDIA_TOO_LARGE, BACKPRESSURE. */
  upload(key: string, wish: UploadWish, signal: AbortSignal): FileLink & { readonly pieceBytes: number };
  /** Never throws. */
  answer(request: IncomingMessage, response: ServerResponse, path: string, query: string): Promise<void>;
}

export const FILE_DESK_LIMITS = {
  linkLifeMs: 3_600_000,
  /** Between two pieces. */
  pieceWaitMs: 60_000,
  pieceBytes: 524_288,
  links: 4_096,
  uploads: 32,
  /** A reader that takes nothing for so long is cut. */
  stalledMs: 60_000,
} as const;

const HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "private, no-store",
};
/** Forms that a browser shows or plays and never runs; all else is bytes. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp)|(?:audio|video)\/[a-z0-9.+-]+)$/;

interface Upload {
  readonly bytes: number;
  received: number;
  readonly pieces: Pieces;
  readonly done: Promise<string>;
  isBusy: boolean;
  touchedAtMs: number;
  /** Set when all of it is kept. */
  artifactId: string | undefined;
}

type Ticket =
  | { readonly kind: "read"; readonly key: string; readonly id: string; readonly expiresAtMs: number }
  | { readonly kind: "write"; readonly upload: Upload; readonly expiresAtMs: number };

export function createFileDesk({ clock, sessions, limits }: FileDeskDeps): FileDesk {
  const tickets = new Map<string, Ticket & { readonly owner: Set<string> }>();
  const owners = new WeakMap<AbortSignal, Set<string>>();

  const drop = (ticket: string): void => {
    const known = tickets.get(ticket);
    tickets.delete(ticket);
    known?.owner.delete(ticket);
    if (known?.kind !== "write" || known.upload.artifactId !== undefined) return;
    known.upload.pieces.fail(new OpenClawError("CLOSED", { why: "The file was not brought to its end." }));
  };
  /** All addresses of one connection: they end with it. */
  const ownerOf = (signal: AbortSignal): Set<string> => {
    let owner = owners.get(signal);
    if (owner === undefined) {
      const own = (owner = new Set<string>());
      owners.set(signal, own);
      signal.addEventListener("abort", () => own.forEach(drop), { once: true });
    }
    return owner;
  };
  const issue = (make: (expiresAtMs: number) => Ticket, signal: AbortSignal): FileLink => {
    signal.throwIfAborted();
    const now = clock.now();
    for (const [known, ticket] of tickets) {
      const isLeft = ticket.kind === "write" && now - ticket.upload.touchedAtMs >= FILE_DESK_LIMITS.pieceWaitMs;
      if (ticket.expiresAtMs <= now || isLeft) drop(known);
    }
    for (const [known, { kind }] of tickets) {
      if (tickets.size < FILE_DESK_LIMITS.links) break;
      if (kind === "read") drop(known);
    }
    const ticket = randomBytes(32).toString("base64url");
    const expiresAtMs = now + FILE_DESK_LIMITS.linkLifeMs;
    const owner = ownerOf(signal);
    owner.add(ticket);
    tickets.set(ticket, { ...make(expiresAtMs), owner });
    return { url: `/media/${ticket}`, expiresAtMs };
  };

  const begin = (key: string, { thumbnailId, ...params }: UploadWish): Upload => {
    const pieces = new Pieces();
    const content = async function* (): AsyncGenerator<Uint8Array> {
      let isFirst = true;
      for await (const piece of pieces) {
        if (isFirst) readUpload(params, piece, limits()); // refused at its beginning
        isFirst = false;
        yield piece;
      }
    };
    const headOf = () => ({ ...readUpload(params, pieces.first, limits()), ...(thumbnailId === undefined ? {} : { thumbnailId }) });
    const done = sessions.receiveFile(key, content(), headOf);
    done.catch((error: unknown) => pieces.fail(error)); // whoever brings the next piece hears of it
    return { bytes: params.sizeBytes, received: 0, pieces, done, isBusy: false, touchedAtMs: clock.now(), artifactId: undefined };
  };

  const take = async (request: IncomingMessage, response: ServerResponse, upload: Upload, ticket: string, query: string): Promise<void> => {
    if (request.method !== "PUT") throw methodNotAllowed(response, "PUT");
    if (upload.isBusy) throw new HttpRefusal(409, "Another piece of this file is being taken.", { code: "CONFLICT" });
    upload.isBusy = true;
    try {
      const { artifactId } = upload;
      // Its answer was lost.
      if (artifactId !== undefined) return sendJson(request, response, 200, { received: upload.received, artifactId });
      const from = Number(new URLSearchParams(query).get("from") ?? "0");
      const piece = await readPiece(request, Math.min(FILE_DESK_LIMITS.pieceBytes, upload.bytes - upload.received));
      // A piece whose answer was lost comes again: it is here already.
      if (from !== upload.received) return sendJson(request, response, 200, { received: upload.received });
      await upload.pieces.put(piece);
      upload.received += piece.length;
      upload.touchedAtMs = clock.now();
      if (upload.received < upload.bytes) return sendJson(request, response, 200, { received: upload.received });
      upload.pieces.end();
      upload.artifactId = await upload.done;
      sendJson(request, response, 200, { received: upload.received, artifactId: upload.artifactId });
    } catch (error) {
      if (!(error instanceof HttpRefusal)) drop(ticket);
      throw error;
    } finally {
      upload.isBusy = false;
    }
  };

  return {
    link: async (key, id, signal) => {
      await sessions.openFile(key, id);
      return issue((expiresAtMs) => ({ kind: "read", key, id, expiresAtMs }), signal);
    },
    upload: (key, params, signal) => {
      checkAnnounced(params, limits());
      const open = [...tickets.values()].filter((one) => one.kind === "write" && one.upload.artifactId === undefined).length;
      if (open >= FILE_DESK_LIMITS.uploads) throw new OpenClawError("BACKPRESSURE", { why: `${open} files are being brought already.` });
      const link = issue((expiresAtMs) => ({ kind: "write", upload: begin(key, params), expiresAtMs }), signal);
      return { ...link, pieceBytes: FILE_DESK_LIMITS.pieceBytes };
    },
    answer: async (request, response, path, query) => {
      const ticket = path.split("/")[2] ?? "";
      try {
        const known = tickets.get(ticket);
        if (known === undefined || known.expiresAtMs <= clock.now()) throw new HttpRefusal(404, "Not found");
        if (known.kind === "write") return await take(request, response, known.upload, ticket, query);
        if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed(response, "GET, HEAD");
        request.resume();
        await give(request, response, await sessions.openFile(known.key, known.id), query);
      } catch (error) {
        if (response.headersSent) response.destroy();
        else sendRefusal(request, response, refusalOf(error), clock);
      }
    },
  };
}

/** The file, or the range of it that was asked for. */
async function give(request: IncomingMessage, response: ServerResponse, file: OpenAttachment, query: string): Promise<void> {
  const { id, bytes, head: { mimeType, name } } = file;
  const isShown = SHOWN.test(mimeType);
  const disposition = isShown && !query.includes("save") ? "inline" : "attachment";
  const headers = {
    ...HEADERS, "Content-Type": isShown ? mimeType : "application/octet-stream", "Accept-Ranges": "bytes", "ETag": `"${id}"`,
    "Content-Disposition": `${disposition}; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (char) =>
      `%${char.charCodeAt(0).toString(16)}`)}`,
  };
  const ifRange = request.headers["if-range"];
  const range = rangeOf(ifRange === undefined || ifRange === headers.ETag ? request.headers.range : undefined, bytes);
  if (range === "unsatisfiable") {
    return void response.writeHead(416, { ...headers, "Content-Range": `bytes */${bytes}`, "Content-Length": 0 }).end();
  }
  const { from, to } = range ?? { from: 0, to: bytes };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers, "Content-Length": to - from, ...(range === undefined ? {} : { "Content-Range": `bytes ${from}-${to - 1}/${bytes}` }),
  });
  if (request.method === "HEAD") return void response.end();
  response.setTimeout(FILE_DESK_LIMITS.stalledMs, () => response.destroy());
  await pipeline(Readable.from(file.read(from, to), { objectMode: false, highWaterMark: 65_536 }), response).catch((error: unknown) => {
    if (error instanceof OpenClawError) throw error; // damaged, or gone meanwhile
  });
}

function methodNotAllowed(response: ServerResponse, allow: string): HttpRefusal {
  response.setHeader("Allow", allow);
  return new HttpRefusal(405, `Only ${allow} is answered here.`);
}

/** Whole or not at all. Throws 413. */
async function readPiece(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const tooLarge = (): HttpRefusal => new HttpRefusal(413, `A piece has at most ${bytesMax} bytes here.`, { code: "TOO_LARGE" });
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  if (bytes === 0) throw invalidRequest("The piece is empty.");
  return Buffer.concat(chunks);
}

/** From one that brings pieces, and waits, to one that takes them. */
class Pieces implements AsyncIterable<Uint8Array> {
  first: Uint8Array = new Uint8Array(0);
  #next: { readonly piece: Uint8Array; readonly taken: PromiseWithResolvers<void> } | undefined;
  #isFirst = true;
  #isOver = false;
  #error: { readonly cause: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Resolves once it has been taken. Throws what the taker failed with. */
  async put(piece: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error.cause;
    if (this.#isFirst) this.first = piece;
    this.#isFirst = false;
    const taken = Promise.withResolvers<void>();
    this.#next = { piece, taken };
    this.#wake?.();
    await taken.promise;
  }

  end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  fail(cause: unknown): void {
    this.#error ??= { cause };
    this.#next?.taken.reject(cause);
    this.#next = undefined;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error.cause;
      const next = this.#next;
      if (next !== undefined) {
        yield next.piece;
        this.#next = undefined; // taken when the next one is asked for: by then it is stored, or refused
        next.taken.resolve();
      } else if (this.#isOver) return;
      else await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
