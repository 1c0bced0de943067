import { createHash } from "node:crypto";
import type { Dirent } from "node:fs";
import { lstat, mkdir, opendir } from "node:fs/promises";
import { dirname } from "node:path";
import { NODE_LIMITS, OpenClawError, type NodeCommandParams, type NodeCommandResult } from "@openclaw/protocol";
import { completeLength } from "./complete-characters.ts";
import { fileError } from "./file-error.ts";
import type { PathGuard } from "./path-guard.ts";
import { writeAtomically } from "./write-atomically.ts";

const STATS_AT_ONCE = 64;

/** Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED, and TOO_LARGE for a whole file beyond the limit. */
export async function readNodeFile(guard: PathGuard, params: NodeCommandParams<"file.read">): Promise<NodeCommandResult<"file.read">> {
  const { path, file } = await guard.openFile(params.path);
  try {
    const totalBytes = (await file.stat()).size;
    const whole = params.offset === undefined && params.bytesMax === undefined;
    if (whole && totalBytes > NODE_LIMITS.fileBytes) {
      throw new OpenClawError("TOO_LARGE", {
        why: `${params.path} has ${totalBytes} bytes, ${NODE_LIMITS.fileBytes} can be read at once.`,
        next: "Read it in parts with offset and bytesMax, or collect it as an artifact.",
        detail: { totalBytes, bytesMax: NODE_LIMITS.fileBytes },
      });
    }
    const bytesMax = params.bytesMax ?? NODE_LIMITS.fileBytes;
    const buffer = Buffer.allocUnsafe(Math.min(bytesMax, Math.max(totalBytes, 65_536)));
    const from = params.offset ?? 0;
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, from + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    // A part that ends inside a character leaves it to the next part.
    const cut = params.encoding !== "base64" && from + length < totalBytes ? completeLength(buffer, length) || length : length;
    const content = buffer.subarray(0, cut);
    const encoding = params.encoding ?? (isText(content) ? "utf8" : "base64");
    const shown = params.encoding === undefined && encoding === "base64" ? buffer.subarray(0, length) : content;
    return { path, content: shown.toString(encoding), encoding, bytes: shown.length, totalBytes };
  } catch (error) {
    throw fileError(error, params.path);
  } finally {
    await file.close();
  }
}

/** Writes a whole file atomically. Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED, DISK_FULL, TOO_LARGE, PARAMS_INVALID. */
export async function writeNodeFile(guard: PathGuard, params: NodeCommandParams<"file.write">): Promise<NodeCommandResult<"file.write">> {
  const encoding = params.encoding ?? "utf8";
  const bytes = Buffer.from(params.content, encoding);
  if (encoding === "base64" && bytes.toString("base64").replace(/=+$/, "") !== params.content.replace(/=+$/, "")) {
    throw new OpenClawError("PARAMS_INVALID", { why: "content is not base64." });
  }
  if (bytes.length > NODE_LIMITS.fileBytes) {
    const why = `${bytes.length} bytes; the limit is ${NODE_LIMITS.fileBytes}.`;
    throw new OpenClawError("TOO_LARGE", { why, next: "Deliver it as an artifact." });
  }
  const path = await guard.resolve(params.path);
  if (params.makeDirs === true) {
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw fileError(error, params.path);
    });
  }
  await writeAtomically(guard, path, async (file) => {
    await file.writeFile(bytes);
  });
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** Throws NODE_PATH_FORBIDDEN, NODE_FILE_FAILED. A large directory is cut, and says so. */
export async function listNodeDirectory(guard: PathGuard, params: NodeCommandParams<"dir.list">): Promise<NodeCommandResult<"dir.list">> {
  const asked = params.path ?? guard.workspace;
  const path = await guard.resolve(asked);
  try {
    await using held = await guard.openDirectory(path);
    const found: Dirent[] = [];
    let truncated = false;
    for await (const entry of await opendir(held.at("."))) {
      if (found.length === NODE_LIMITS.listEntries) {
        truncated = true;
        break;
      }
      found.push(entry);
    }
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    const entries: NodeCommandResult<"dir.list">["entries"] = [];
    for (let at = 0; at < found.length; at += STATS_AT_ONCE) {
      entries.push(...(await Promise.all(found.slice(at, at + STATS_AT_ONCE).map((entry) => describe(held.at(entry.name), entry)))));
    }
    return { path, entries, ...(truncated ? { truncated } : {}) };
  } catch (error) {
    throw fileError(error, asked);
  }
}

async function describe(path: string, entry: Dirent): Promise<NodeCommandResult<"dir.list">["entries"][number]> {
  const kind = entry.isFile() ? "file" : entry.isDirectory() ? "dir" : entry.isSymbolicLink() ? "link" : "other";
  const facts = await lstat(path).catch(() => undefined); // gone since it was listed
  if (facts === undefined) return { name: entry.name, kind };
  return { name: entry.name, kind, modifiedAtMs: Math.round(facts.mtimeMs), ...(kind === "file" ? { bytes: facts.size } : {}) };
}

function isText(bytes: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return !bytes.includes(0);
  } catch {
    return false;
  }
}
