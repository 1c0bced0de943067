import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { ConfigIssue } from "./check-config.ts";
import { followFiles } from "./follow-files.ts";
import type { KnownPieces } from "./examine-elsewhere.ts";
import type { ConfigValues, Environment, LoadedConfig } from "./config-values.ts";
import { loadConfig } from "./load-config.ts";
import type { WriteOptions } from "./write-config.ts";

export interface OpenConfigOptions {
  readonly path: string;
  readonly stateDir: string;
  readonly schema: JsonSchema;
  readonly clock: Clock;
  /** As in `loadConfig`. */
  readonly environment?: Environment;
  /** Notices changes on disk; on unless told. */
  readonly watch?: boolean;
  /**
   * Where the file does not fit and there never was one that did: what fits of it, and which keys do not. What it answers is in force;
   * undefined: nothing may be, and there is no start. Without it there is none in any case.
   */
  readonly salvage?: (kept: ConfigValues, leftOut: readonly string[]) => Promise<ConfigValues | undefined>;
  /** Under the configuration in force: is an edit of the file in force at once? It is unless told. */
  readonly takesEdits?: (values: ConfigValues) => boolean;
}

export interface RunningConfig extends AsyncDisposable {
  /** What is in force: always whole, always valid. Secrets in it are typed. */
  readonly values: ConfigValues;
  /** The same as its author wrote it: to be shown, redacted. */
  readonly written: ConfigValues;
  /** What the file said when it was last read. Its `issues` are why it is not in force. */
  readonly file: LoadedConfig;
  /** The file is broken: an earlier one is in force, or a part of it. */
  readonly isLastGood: boolean;
  /** Keys of the file that do not fit, where the rest of it is in force. */
  readonly leftOut: readonly string[];
  /** Called after a change took effect. Returns the way to end it. */
  onChange(listener: (values: ConfigValues, before: ConfigValues) => void): () => void;
  /** Called after a file was read that says something else than the one before, and was taken; `onChange` comes first. */
  onTaken(listener: (file: LoadedConfig, how: TakenHow) => void): () => void;
  /** Called after a file was read and not taken. */
  onRefused(listener: (issues: readonly ConfigIssue[]) => void): () => void;
  /** Reads the file now. Never rejects for what the file says. */
  reload(): Promise<void>;
  /** As `setConfigValue`, and in force when it resolves. */
  set(key: string, value: unknown): Promise<void>;
  /** As `writeConfig`, and in force when it resolves. Writers wait for each other: `change` sees what the one before wrote. */
  write(change: WriteOptions["change"]): Promise<LoadedConfig>;
}

export interface TakenHow {
  /** Somebody edited it on the disk; else it was written through here, or asked for. */
  readonly edited: boolean;
  /** False: it waits for the next start. */
  readonly inForce: boolean;
  /** As `written`, before and now. */
  readonly before: ConfigValues;
  readonly after: ConfigValues;
}

type InForce = Pick<LoadedConfig, "written"> & { readonly values: ConfigValues; readonly leftOut?: readonly string[] };

/**
 * Opens the configuration and keeps it. A file that is broken at the start gives way to the last good one, which is kept in
 * `openclaw.last-good.json`; where there is none, to what of it fits, if `salvage` allows; else CONFIG_INVALID names line and key.
 * The caller disposes it.
 */
export async function openConfig(options: OpenConfigOptions): Promise<RunningConfig> {
  const { path, stateDir, schema, clock, environment = process.env } = options;
  const lastGoodPath = join(stateDir, "openclaw.last-good.json");
  const known: KnownPieces = new Map();
  const load = (): Promise<LoadedConfig> => loadConfig({ path, schema, environment, known });
  let file = await load();
  let inForce: InForce = file.config === undefined
    ? await (await import("./stand-in.ts")).standIn(file, lastGoodPath, { ...options, environment })
    : { values: file.config, written: file.written };
  if (file.exists && file.config !== undefined) await keepLastGood(lastGoodPath, file);

  const changed = new Set<(values: ConfigValues, before: ConfigValues) => void>();
  const taken = new Set<(file: LoadedConfig, how: TakenHow) => void>();
  const refused = new Set<(issues: readonly ConfigIssue[]) => void>();
  let closed = false;
  let working = Promise.resolve();

  const take = async (next: LoadedConfig, edited = false): Promise<void> => {
    if (closed || (next.hash === file.hash && next.exists === file.exists)) return;
    file = next;
    follower.follow(filesOf(path, next));
    if (next.config === undefined) {
      for (const listener of refused) listener(next.issues);
      return;
    }
    const takes = !edited || (options.takesEdits?.(inForce.values) ?? true);
    const before = inForce;
    if (takes) {
      if (next.exists) await keepLastGood(lastGoodPath, next);
      if (!isDeepStrictEqual(before.written, next.written)) {
        inForce = { values: next.config, written: next.written };
        for (const listener of changed) listener(inForce.values, before.values);
      }
    }
    for (const listener of taken) listener(next, { edited, inForce: takes, before: before.written, after: next.written });
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = working.then(work);
    working = done.catch(() => {});
    return done;
  };
  // A file that cannot be read at all, for a moment or for good, changes nothing.
  const reload = (edited: boolean): Promise<void> => inTurn(async () => take(await load(), edited)).catch(() => {});
  const follower = followFiles({ clock, onSettled: () => void reload(true) });
  if (options.watch !== false) follower.start(filesOf(path, file));

  return {
    get values() {
      return inForce.values;
    },
    get written() {
      return inForce.written;
    },
    get file() {
      return file;
    },
    get isLastGood() {
      return file.config === undefined;
    },
    get leftOut() {
      return inForce.leftOut ?? [];
    },
    onChange: (listener) => listen(changed, listener),
    onTaken: (listener) => listen(taken, listener),
    onRefused: (listener) => listen(refused, listener),
    reload: () => reload(false),
    set: (key, value) => inTurn(async () => {
      const { setConfigValue } = await import("./set-config-value.ts");
      await take(await setConfigValue({ path, schema, environment, known, key, value }));
    }),
    write: async (change) => {
      const { writeConfig } = await import("./write-config.ts");
      await inTurn(async () => take(await writeConfig({ path, schema, environment, known, change })));
      return file;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      follower.close();
      await working;
    },
  };
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What a change may be in: also a file that is included and not there yet has a directory. */
function filesOf(path: string, { included }: LoadedConfig): readonly string[] {
  return [path, ...included.map((file) => file.path)];
}

/**
 * The text itself is kept: it is checked again, against the schema of the program that reads it. Of several files, what they say
 * together.
 */
async function keepLastGood(path: string, file: LoadedConfig): Promise<void> {
  const kept = file.included.length === 0 ? file.text : file.merged ?? JSON.stringify(file.source);
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present === kept) return;
  const { writePrivate } = await import("./write-private.ts");
  await writePrivate(path, kept).catch(() => {});
}
