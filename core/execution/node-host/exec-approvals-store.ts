/**
 * The owner's file of which programs may run here, kept in the node's own directory. A gateway reads and replaces it by
 * comparing its hash; the limits the node was started with are not in it, and nothing in it widens them.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  execApprovalsFile, execPolicyOf, OpenClawError, withExecRules, type ExecApprovalsFile, type ExecApprovalsSnapshot, type ExecRule,
} from "@openclaw/protocol";
import { checkSchema } from "../../base/schema.ts";

export interface ExecApprovalsStore {
  /** What holds now. A file that can not be read allows nothing. */
  load(): Promise<ExecApprovalsFile>;
  /** As a gateway may see it: the socket's token is not shown. */
  snapshot(): Promise<ExecApprovalsSnapshot>;
  /** Replaces it whole. Throws PARAMS_INVALID when it is not the one of `baseHash` any more, or is no such file. */
  replace(file: unknown, baseHash: string | undefined): Promise<ExecApprovalsSnapshot>;
  /** Adds rules that a person's "always" stands for. */
  remember(agentId: string, rules: readonly ExecRule[]): Promise<void>;
}

const EMPTY: ExecApprovalsFile = { version: 1, defaults: {}, agents: {} };
const CLOSED: ExecApprovalsFile = { version: 1, defaults: { security: "deny", ask: "off" }, agents: {} };
const STALE = "exec approvals changed; reload and retry";
const FILE_CHARS_MAX = 1_048_576;

export function createExecApprovalsStore(dir: string): ExecApprovalsStore {
  const path = join(dir, "exec-approvals.json");
  let turn: Promise<unknown> = Promise.resolve();
  /** The parsed form of the text read last: commands come often, changes seldom. */
  let known: { readonly text: string; readonly file: ExecApprovalsFile } | undefined;

  const read = async (): Promise<{ readonly text: string | undefined; readonly file: ExecApprovalsFile }> => {
    let text: string;
    try {
      text = await readFile(path, "utf8");
    } catch (error) {
      const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
      return { text: undefined, file: isAbsent ? EMPTY : CLOSED };
    }
    if (known?.text !== text) known = { text, file: parse(text) };
    return known;
  };

  const write = async (file: ExecApprovalsFile): Promise<void> => {
    const temporary = `${path}.${randomUUID().slice(0, 8)}`;
    try {
      await writeFile(temporary, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600, flush: true });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw new OpenClawError("NODE_FILE_FAILED", { why: "The node's exec approvals could not be written.", cause: error });
    }
  };

  const snapshot = async (): Promise<ExecApprovalsSnapshot> => {
    const { text, file } = await read();
    const { socket, ...rest } = file;
    return {
      path, exists: text !== undefined, hash: hashOf(text),
      file: socket?.path === undefined ? rest : { ...rest, socket: { path: socket.path } },
      resolvedDefaults: execPolicyOf({ version: 1, ...(file.defaults === undefined ? {} : { defaults: file.defaults }) }, ""),
    };
  };

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work, work);
    turn = next.catch(() => undefined);
    return next;
  };

  return {
    load: async () => (await read()).file,
    snapshot,
    replace: (file, baseHash) => inTurn(async () => {
      const present = await read();
      if (present.text !== undefined && baseHash === undefined) throw refused("exec approvals base hash required; reload and retry");
      if (baseHash !== undefined && baseHash !== hashOf(present.text)) throw refused(STALE);
      const checked = checkSchema(execApprovalsFile, file);
      if (!checked.ok) throw refused(`exec approvals are not valid: ${checked.text}`);
      const fresh = checked.value as ExecApprovalsFile;
      // The token is never shown, so it comes back missing: it stays as it was.
      const socket = fresh.socket === undefined ? present.file.socket : { ...present.file.socket, ...fresh.socket };
      await write(socket === undefined ? fresh : { ...fresh, socket });
      return await snapshot();
    }),
    remember: (agentId, rules) => inTurn(async () => {
      const { file } = await read();
      if (file !== CLOSED) await write(withExecRules(file, agentId, rules));
    }),
  };
}

function parse(text: string): ExecApprovalsFile {
  if (text.length > FILE_CHARS_MAX) return CLOSED;
  try {
    const checked = checkSchema(execApprovalsFile, JSON.parse(text));
    return checked.ok ? (checked.value as ExecApprovalsFile) : CLOSED;
  } catch {
    return CLOSED;
  }
}

function hashOf(text: string | undefined): string {
  return createHash("sha256").update(text ?? "").digest("hex");
}

/** In the words that clients compare. */
function refused(message: string): OpenClawError {
  const error = new OpenClawError("PARAMS_INVALID", { detail: { nodeCode: "INVALID_REQUEST" } });
  error.message = message;
  return error;
}
