import { createHash } from "node:crypto";
import { basename } from "node:path";
import { NODE_LIMITS, OpenClawError, type NodeCommandParams, type NodeCommandResult } from "@openclaw/protocol";
import { fileError } from "./file-error.ts";
import type { PathGuard } from "./path-guard.ts";
import { writeAtomically } from "./write-atomically.ts";

export interface ArtifactDeps {
  readonly guard: PathGuard;
  readonly invocationId: string;
  /** Asks the gateway that sent the invocation. */
  readonly request: (method: string, params: unknown) => Promise<unknown>;
}

/** Sends a file piece by piece, one in flight at a time. Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED, TOO_LARGE, CONNECTION_LOST. */
export async function collectArtifact(
  { guard, invocationId, request }: ArtifactDeps,
  params: NodeCommandParams<"artifact.collect">,
  signal: AbortSignal,
): Promise<NodeCommandResult<"artifact.collect">> {
  const { path, file } = await guard.openFile(params.path);
  try {
    refuseBeyondLimit((await file.stat()).size, params.path);
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(NODE_LIMITS.artifactChunkBytes);
    let offset = 0;
    for (let last = false; !last; ) {
      signal.throwIfAborted();
      const length = await fill(buffer, (at) => file.read(buffer, at, buffer.length - at, offset + at));
      last = length < buffer.length;
      const piece = buffer.subarray(0, length);
      hash.update(piece);
      // The file may grow while it is read: what counts is what is sent.
      refuseBeyondLimit(offset + length, params.path);
      await request("node.artifact.write", { invokeId: invocationId, offset, dataBase64: piece.toString("base64"), last });
      offset += length;
    }
    return { digest: hash.digest("hex"), bytes: offset, name: basename(path) };
  } catch (error) {
    throw fileError(error, params.path);
  } finally {
    await file.close();
  }
}

/**
 * Fetches something piece by piece, checks its digest, and writes it atomically: a file with the wrong content never
 * appears. Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED, DISK_FULL, TOO_LARGE, CONNECTION_LOST.
 */
export async function deliverArtifact(
  { guard, invocationId, request }: ArtifactDeps,
  params: NodeCommandParams<"artifact.deliver">,
  signal: AbortSignal,
): Promise<NodeCommandResult<"artifact.deliver">> {
  const path = await guard.resolve(params.path);
  let bytes = 0;
  await writeAtomically(guard, path, async (file) => {
    const hash = createHash("sha256");
    for (let last = false; !last; ) {
      signal.throwIfAborted();
      const answer = parsePiece(await request("node.artifact.read", { invokeId: invocationId, digest: params.digest, offset: bytes }));
      hash.update(answer.data);
      await file.writeFile(answer.data); // goes on where the last one ended
      bytes += answer.data.length;
      refuseBeyondLimit(bytes, params.path);
      last = answer.last;
    }
    if (hash.digest("hex") !== params.digest) {
      throw new OpenClawError("NODE_FILE_FAILED", { why: "What arrived does not have the digest that was named; nothing was written." });
    }
  });
  return { path, bytes };
}

export function parsePiece(answer: unknown): { readonly data: Buffer; readonly last: boolean } {
  const { dataBase64, last } = (typeof answer === "object" && answer !== null ? answer : {}) as Readonly<Record<string, unknown>>;
  if (typeof dataBase64 !== "string" || typeof last !== "boolean" || (dataBase64 === "" && !last)) {
    throw new OpenClawError("NODE_FILE_FAILED", { why: "The gateway answered something that is not a piece of an artifact." });
  }
  return { data: Buffer.from(dataBase64, "base64"), last };
}

async function fill(buffer: Buffer, read: (at: number) => Promise<{ readonly bytesRead: number }>): Promise<number> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await read(length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

function refuseBeyondLimit(bytes: number, path: string): void {
  if (bytes > NODE_LIMITS.artifactBytes) {
    const bytesMax = NODE_LIMITS.artifactBytes;
    throw new OpenClawError("TOO_LARGE", { why: `${path} has more than ${bytesMax} bytes.`, detail: { bytesMax } });
  }
}
