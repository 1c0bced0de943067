/**
 * The owner's file of which programs may run here, kept in the node's own directory. A gateway reads and replaces it by
 * comparing its hash; the limits the node was started with are not in it, and nothing in it widens them.
 */
import { createHash, randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  execApprovalsFile, execPolicyOf, OpenClawError, unmetExecOptions, withExecRules, withExecUses, withoutExecUses, type ExecApprovalsFile,
  type ExecApprovalsSnapshot, type ExecRule, type ExecRuleUse,
} from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import { checkSchema } from "../../base/schema.ts";

export interface ExecApprovalsStore {
  /** What holds now. A file that can not be read allows nothing. */
  load(): Promise<ExecApprovalsFile>;
  /** As a gateway may see it. */
  snapshot(): Promise<ExecApprovalsSnapshot>;
  /**
   * Replaces it whole. Throws PARAMS_INVALID when it is not the one of `baseHash` any more, is no such file, or asks for what is
   * not done here. That a rule was used changes no hash: an edit that was begun stays good.
   */
  replace(file: unknown, baseHash: string | undefined): Promise<ExecApprovalsSnapshot>;
  /** Adds rules that a person's "always" stands for. */
  remember(agentId: string, rules: readonly ExecRule[]): Promise<void>;
  /** Notes when a rule was used and for what, now and then, after the program was let go on. Does not wait, never throws. */
  used(uses: readonly ExecRuleUse[]): void;
}

const EMPTY: ExecApprovalsFile = { version: 1, defaults: {}, agents: {} };
const CLOSED: ExecApprovalsFile = { version: 1, defaults: { security: "deny", ask: "off" }, agents: {} };
const STALE = "exec approvals changed; reload and retry";
const FILE_CHARS_MAX = 1_048_576;
/** A file that changed this lately may change again without its times telling. */
const SETTLED_MS = 2_000;
/** A rule that is used all the time is noted this often. */
const USE_EVERY_MS = 60_000;

interface Stored {
  readonly text: string | undefined;
  readonly file: ExecApprovalsFile;
}

const ABSENT: Stored = { text: undefined, file: EMPTY };
const UNREADABLE: Stored = { text: undefined, file: CLOSED };

/** `warn` is told once of what a file asks for that is not done here. */
export function createExecApprovalsStore(
  dir: string, clock: Pick<Clock, "now">, warn: (unmet: readonly string[]) => void = () => undefined,
): ExecApprovalsStore {
  const path = join(dir, "exec-approvals.json");
  let turn: Promise<unknown> = Promise.resolve();
  let isNoting = false;
  /** As it was read last, and the file's mark then: commands come often, changes seldom. */
  let known: (Stored & { readonly mark: string }) | undefined;

  const read = async (): Promise<Stored> => {
    try {
      const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
      if (facts === undefined) return ABSENT;
      const mark = `${facts.ino}/${facts.size}/${facts.ctimeNs}`;
      if (known?.mark === mark) return known;
      const text = await readFile(path, "utf8");
      const stored = known?.text === text ? known : { text, file: parse(text) };
      const unmet = stored === known ? [] : unmetExecOptions(stored.file);
      if (unmet.length > 0) warn(unmet);
      const isSettled = clock.now() - Number(facts.ctimeMs) > SETTLED_MS;
      known = { ...stored, mark: isSettled ? mark : "" };
      return known;
    } catch {
      return UNREADABLE;
    }
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
    const stored = await read();
    const { text, file: { socket: _, ...file } } = stored;
    return {
      path, exists: text !== undefined, hash: hashOf(stored), file,
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
      if (baseHash !== undefined && baseHash !== hashOf(present)) throw refused(STALE);
      const checked = checkSchema(execApprovalsFile, file);
      if (!checked.ok) throw refused(`exec approvals are not valid: ${checked.text}`);
      const { socket: _, ...fresh } = checked.value as ExecApprovalsFile;
      const unmet = unmetExecOptions(fresh);
      if (unmet.length > 0) throw refused(`exec approvals are not valid: ${unmet.join("; ")}`);
      await write(fresh);
      return await snapshot();
    }),
    remember: (agentId, rules) => inTurn(async () => {
      const { file } = await read();
      if (file !== CLOSED) await write(withExecRules(file, agentId, rules));
    }),
    used: (uses) => {
      const now = clock.now();
      const due = uses.filter(({ rule }) => Math.abs(now - (rule.lastUsedAt ?? 0)) >= USE_EVERY_MS);
      if (due.length === 0 || isNoting) return;
      isNoting = true;
      inTurn(async () => {
        const { file } = await read();
        if (file !== CLOSED && file !== EMPTY) await write(withExecUses(file, due, now));
      }).catch(() => undefined).finally(() => (isNoting = false));
    },
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

function hashOf({ text, file }: Stored): string {
  const meant = text === undefined || file === CLOSED ? (text ?? "") : JSON.stringify(withoutExecUses(file));
  return createHash("sha256").update(meant).digest("hex");
}

/** In the words that clients compare. */
function refused(message: string): OpenClawError {
  const error = new OpenClawError("PARAMS_INVALID", { detail: { nodeCode: "INVALID_REQUEST" } });
  error.message = message;
  return error;
}
