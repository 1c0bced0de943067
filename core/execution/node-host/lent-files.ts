/**
 * Files that the gateway lends to one command: each in a directory of its own that nobody else may enter, for as long as the command
 * runs. What a node that died left behind is thrown away when it starts again.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { NODE_LIMITS, OpenClawError, type NodeCommandParams } from "@openclaw/protocol";
import { parsePiece } from "./artifact-commands.ts";
import { fileError } from "./file-error.ts";

type RunParams = NodeCommandParams<"system.run">;
export type LentInput = NonNullable<RunParams["input"]>;

/** Stands for the file's path in a command. */
const PLACE = "{file}";

export interface LentFiles {
  /**
   * Fetches the file and puts its path into the command. Throws NODE_FILE_FAILED where it is not what was named, TOO_LARGE, and what the
   * gateway answers; nothing is left then.
   */
  lend(id: string, params: RunParams, input: LentInput, request: Ask, signal: AbortSignal): Promise<RunParams>;
  /** Takes it away again. Never throws. */
  release(id: string): void;
}

/** Asks the gateway that sent the invocation. */
export type Ask = (method: string, params: unknown) => Promise<unknown>;

export function createLentFiles(nodeDir: string): LentFiles {
  const root = join(nodeDir, "lent");
  rmSync(root, { recursive: true, force: true });
  const dirOf = (id: string): string => join(root, createHash("sha256").update(id).digest("hex").slice(0, 32));
  const lent = new Set<string>();
  const release = (id: string): void => {
    if (!lent.delete(id)) return;
    try {
      rmSync(dirOf(id), { recursive: true, force: true });
    } catch {
      // The next start takes it away.
    }
  };
  return {
    release,
    lend: async (id, { input: _, ...params }, { name, digest, bytes }, request, signal) => {
      if (bytes > NODE_LIMITS.artifactBytes) {
        throw new OpenClawError("TOO_LARGE", { why: `A lent file has at most ${NODE_LIMITS.artifactBytes} bytes.` });
      }
      lent.add(id);
      mkdirSync(dirOf(id), { recursive: true, mode: 0o700 });
      const path = join(dirOf(id), basename(name).replace(/^\.+/, "") || "file");
      try {
        await fetchInto(path, { invokeId: id, digest, bytes, request, signal });
      } catch (error) {
        release(id);
        throw fileError(error, name);
      }
      return { ...params, command: params.command.map((part) => part.replaceAll(PLACE, () => path)) };
    },
  };
}

interface Wanted extends Omit<LentInput, "name"> { readonly invokeId: string; readonly request: Ask; readonly signal: AbortSignal }

async function fetchInto(path: string, { invokeId, digest, bytes, request, signal }: Wanted): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    const hash = createHash("sha256");
    let offset = 0;
    for (let last = false; !last; ) {
      signal.throwIfAborted();
      const piece = parsePiece(await request("node.artifact.read", { invokeId, digest, offset }));
      hash.update(piece.data);
      await file.writeFile(piece.data);
      offset += piece.data.length;
      if (offset > bytes) break;
      last = piece.last;
    }
    if (offset !== bytes || hash.digest("hex") !== digest) {
      throw new OpenClawError("NODE_FILE_FAILED", { why: "What arrived is not the file that was named." });
    }
  } finally {
    await file.close();
  }
}
