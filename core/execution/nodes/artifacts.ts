/**
 * Files between nodes and the gateway's store, in pieces over the node's own connection.
 *
 * A node may write or read only for its own `artifact.collect` or `artifact.deliver` that is under way, one file for each,
 * in order. What a node says it sent must be what arrived: the digest is the gateway's own.
 */
import { NODE_LIMITS, OpenClawError, type Infer, type artifactReadParams, type artifactWriteParams } from "@openclaw/protocol";
import type { BlobInfo, Blobs } from "@openclaw/sdk";
import type { Invocation } from "./invocation.ts";

type WriteParams = Infer<typeof artifactWriteParams>;
type ReadParams = Infer<typeof artifactReadParams>;

interface Upload {
  received: number;
  readonly pieces: PieceChannel;
  readonly stored: Promise<BlobInfo>;
  info: BlobInfo | undefined;
}

interface Download { offset: number; readonly pieces: AsyncIterator<Uint8Array>; rest: Uint8Array; readonly bytes: number }

const PIECES_WAITING_MAX = 8;

export class Artifacts {
  readonly #blobs: Blobs;
  readonly #uploads = new Map<string, Upload>();
  readonly #downloads = new Map<string, Download>();
  readonly #bytesMax: number;

  constructor(blobs: Blobs, bytesMax: number = NODE_LIMITS.artifactBytes) {
    this.#blobs = blobs;
    this.#bytesMax = bytesMax;
  }

  /** Answers once the piece is on its way to the store. Throws PARAMS_INVALID out of order, TOO_LARGE, or what the store throws. */
  async write(
    invocation: Invocation | undefined, nodeId: string, { offset, dataBase64, last }: WriteParams
  ): Promise<{ received: number }> {
    const id = checkOwner(invocation, nodeId, "artifact.collect");
    const upload = this.#uploads.get(id) ?? this.#beginUpload(id);
    const data = Buffer.from(dataBase64, "base64");
    try {
      if (offset !== upload.received || upload.info !== undefined) throw new OpenClawError(
        "PARAMS_INVALID", { why: `The next piece begins at byte ${upload.received}.` }
      );
      if (data.length > NODE_LIMITS.artifactChunkBytes) throw new OpenClawError(
        "TOO_LARGE", { why: `A piece has at most ${NODE_LIMITS.artifactChunkBytes} bytes.` }
      );
      if (upload.received + data.length > this.#bytesMax) throw new OpenClawError(
        "TOO_LARGE", { why: `An artifact has at most ${this.#bytesMax} bytes.` }
      );
      upload.received += data.length;
      await Promise.race([upload.pieces.put(data), upload.stored]);
      if (last) {
        upload.pieces.end();
        upload.info = await upload.stored;
      }
      return { received: upload.received };
    } catch (error) {
      this.drop(id);
      throw error;
    }
  }

  /** The next piece of what the command delivers. Throws NOT_FOUND, PARAMS_INVALID, or STATE_DAMAGED at the end of a damaged one. */
  async read(
    invocation: Invocation | undefined, nodeId: string, { digest, offset }: ReadParams
  ): Promise<{ dataBase64: string; last: boolean }> {
    const lends = invocation?.request.lends;
    if (lends?.digest === digest) {
      checkOwner(invocation, nodeId, "system.run");
      const piece = lends.content.subarray(offset, offset + NODE_LIMITS.artifactChunkBytes);
      return { dataBase64: Buffer.from(piece).toString("base64"), last: offset + piece.length >= lends.content.length };
    }
    const id = checkOwner(invocation, nodeId, "artifact.deliver");
    const wanted = (invocation?.request.params as { digest?: unknown } | null | undefined)?.digest;
    if (digest !== wanted) throw new OpenClawError("PARAMS_INVALID", { why: "This command delivers something else." });
    let download = this.#downloads.get(id);
    if (download === undefined || download.offset !== offset) {
      await download?.pieces.return?.();
      download = await this.#beginDownload(id, digest, offset);
    }
    const piece = await takeBytes(download, NODE_LIMITS.artifactChunkBytes);
    download.offset += piece.length;
    if (download.offset >= download.bytes) await download.pieces.next(); // the store verifies the digest at the end
    return { dataBase64: piece.toString("base64"), last: download.offset >= download.bytes };
  }

  /** A sentence when the result speaks of a file that did not arrive with this very command. */
  checkResult({ request }: Invocation, payload: unknown): string | undefined {
    if (request.command !== "artifact.collect") return undefined;
    const info = this.#uploads.get(request.id)?.info;
    const { digest, bytes } = payload as { digest?: unknown; bytes?: unknown };
    if (info === undefined) return "The node named a file that it has not sent.";
    return info.digest === digest && info.bytes === bytes ? undefined : "The file that arrived is not the one the node named.";
  }

  /** Lets go of what an ended or interrupted command had begun. */
  drop(id: string): void {
    const upload = this.#uploads.get(id);
    if (upload !== undefined) {
      this.#uploads.delete(id);
      upload.pieces.fail(new OpenClawError("CLOSED", { why: "The transfer was given up." }));
    }
    const download = this.#downloads.get(id);
    if (download !== undefined) {
      this.#downloads.delete(id);
      void download.pieces.return?.().catch(() => undefined);
    }
  }

  #beginUpload(id: string): Upload {
    const pieces = new PieceChannel();
    const stored = this.#blobs.put(pieces, { maxBytes: this.#bytesMax });
    stored.catch(() => undefined); // each write reports it
    const upload: Upload = { received: 0, pieces, stored, info: undefined };
    this.#uploads.set(id, upload);
    return upload;
  }

  async #beginDownload(id: string, digest: string, offset: number): Promise<Download> {
    const info = await this.#blobs.stat(digest);
    if (info === null) throw new OpenClawError("NOT_FOUND", { why: "The store has nothing with this digest.", detail: { digest } });
    const download: Download = {
      offset: 0, pieces: this.#blobs.get(digest)[Symbol.asyncIterator](), rest: new Uint8Array(0), bytes: info.bytes,
    };
    this.#downloads.set(id, download);
    while (download.offset < Math.min(offset, info.bytes)) {
      download.offset += (await takeBytes(download, Math.min(NODE_LIMITS.artifactChunkBytes, offset - download.offset))).length;
    }
    return download;
  }
}

function checkOwner(invocation: Invocation | undefined, nodeId: string, command: string): string {
  if (invocation?.request.nodeId !== nodeId || invocation.request.command !== command || invocation.phase !== "sent") {
    throw new OpenClawError("PARAMS_INVALID", { why: `No ${command} of this node is under way under this id.` });
  }
  return invocation.request.id;
}

async function takeBytes(download: Download, max: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let have = 0;
  while (have < max) {
    if (download.rest.length === 0) {
      const next = await download.pieces.next();
      if (next.done === true) break;
      download.rest = next.value;
    }
    const part = download.rest.subarray(0, max - have);
    download.rest = download.rest.subarray(part.length);
    parts.push(part);
    have += part.length;
  }
  return Buffer.concat(parts, have);
}

/** Hands pieces from a producer that waits to one reader; a producer that does not wait is refused. */
class PieceChannel implements AsyncIterable<Uint8Array> {
  readonly #pieces: { readonly piece: Uint8Array; readonly taken: () => void }[] = [];
  #done = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  /** Resolves once the piece has been taken. Throws BACKPRESSURE when too many wait. */
  put(piece: Uint8Array): Promise<void> {
    if (this.#pieces.length >= PIECES_WAITING_MAX) throw new OpenClawError(
      "BACKPRESSURE", { why: "Wait for the answer to one piece before sending the next." }
    );
    return new Promise((taken) => {
      this.#pieces.push({ piece, taken });
      this.#wake?.();
    });
  }

  end(): void {
    this.#done = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake?.();
    for (const { taken } of this.#pieces.splice(0)) taken();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const next = this.#pieces.shift();
      if (next !== undefined) {
        next.taken();
        yield next.piece;
      } else if (this.#done) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
