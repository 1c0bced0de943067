import { watch, type FSWatcher } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { JsonSchema } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { ConfigIssue } from "./check-config.ts";
import { checkText, loadConfig, type ConfigValues, type LoadedConfig } from "./load-config.ts";
import { configError } from "./config-error.ts";
import type { WriteOptions } from "./write-config.ts";
import { writePrivate } from "./write-private.ts";

/** An editor writes a file in several steps; they are one change. */
const SETTLE_MS = 100;

export interface OpenConfigOptions {
  readonly path: string;
  readonly stateDir: string;
  readonly schema: JsonSchema;
  readonly clock: Clock;
  /** Notices changes on disk; on unless told. */
  readonly watch?: boolean;
}

export interface RunningConfig extends AsyncDisposable {
  /** What is in force: always whole, always valid. */
  readonly values: ConfigValues;
  /** What the file said when it was last read. Its `issues` are why it is not in force. */
  readonly file: LoadedConfig;
  /** The file is broken and an earlier one is in force. */
  readonly isLastGood: boolean;
  /** Called after a change took effect. Returns the way to end it. */
  onChange(listener: (values: ConfigValues, before: ConfigValues) => void): () => void;
  /** Called after a file was read that says something else than the one before, and was taken; `onChange` comes first. */
  onTaken(listener: (file: LoadedConfig) => void): () => void;
  /** Called after a file was read and not taken. */
  onRefused(listener: (issues: readonly ConfigIssue[]) => void): () => void;
  /** Reads the file now. Never rejects for what the file says. */
  reload(): Promise<void>;
  /** As `setConfigValue`, and in force when it resolves. */
  set(key: string, value: unknown): Promise<void>;
  /** As `writeConfig`, and in force when it resolves. Writers wait for each other: `change` sees what the one before wrote. */
  write(change: WriteOptions["change"]): Promise<LoadedConfig>;
}

/**
 * Opens the configuration and keeps it. A file that is broken at the start gives way to the last good one, which is kept in
 * `openclaw.last-good.json`; where there is none, CONFIG_INVALID (or CONFIG_SECRET_INLINE) names line and key. The caller
 * disposes it.
 */
export async function openConfig(options: OpenConfigOptions): Promise<RunningConfig> {
  const { path, stateDir, schema, clock } = options;
  const lastGoodPath = join(stateDir, "openclaw.last-good.json");
  let file = await loadConfig({ path, schema });
  let values = file.config ?? (await loadLastGood(lastGoodPath, schema));
  if (values === undefined) throw configError(path, file.issues);
  if (file.exists && file.config !== undefined) await keepLastGood(lastGoodPath, file.text);

  const changed = new Set<(values: ConfigValues, before: ConfigValues) => void>();
  const taken = new Set<(file: LoadedConfig) => void>();
  const refused = new Set<(issues: readonly ConfigIssue[]) => void>();
  let closed = false;
  let working = Promise.resolve();

  const take = async (next: LoadedConfig): Promise<void> => {
    if (closed || (next.hash === file.hash && next.exists === file.exists)) return;
    file = next;
    if (next.config === undefined) {
      for (const listener of refused) listener(next.issues);
      return;
    }
    if (next.exists) await keepLastGood(lastGoodPath, next.text);
    const before = values ?? {};
    if (!isDeepStrictEqual(before, next.config)) {
      values = next.config;
      for (const listener of changed) listener(values, before);
    }
    for (const listener of taken) listener(next);
  };
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = working.then(work);
    working = done.catch(() => {});
    return done;
  };
  // A file that cannot be read at all, for a moment or for good, changes nothing.
  const reload = (): Promise<void> => inTurn(async () => take(await loadConfig({ path, schema }))).catch(() => {});
  const watcher = options.watch === false ? undefined : watchFile(path, clock, () => void reload());

  return {
    get values() {
      return values ?? {};
    },
    get file() {
      return file;
    },
    get isLastGood() {
      return file.config === undefined;
    },
    onChange: (listener) => listen(changed, listener),
    onTaken: (listener) => listen(taken, listener),
    onRefused: (listener) => listen(refused, listener),
    reload,
    set: (key, value) => inTurn(async () => {
      const { setConfigValue } = await import("./set-config-value.ts");
      await take(await setConfigValue({ path, schema, key, value }));
    }),
    write: async (change) => {
      const { writeConfig } = await import("./write-config.ts");
      await inTurn(async () => take(await writeConfig({ path, schema, change })));
      return file;
    },
    [Symbol.asyncDispose]: async () => {
      closed = true;
      watcher?.close();
      await working;
    },
  };
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Watches the directory, because editors replace the file. Where watching does not work, changes are seen at `reload`. */
function watchFile(path: string, clock: Clock, onSettled: () => void): { close(): void } {
  let timer: { close(): void } | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_, name) => {
      if (name !== null && name !== basename(path)) return;
      timer?.close();
      timer = clock.after(SETTLE_MS, onSettled);
    });
    watcher.on("error", () => watcher?.close());
  } catch {
    watcher = undefined;
  }
  return {
    close: () => {
      timer?.close();
      watcher?.close();
    },
  };
}

/** The text itself is kept: it is checked again, against the schema of the program that reads it. */
async function keepLastGood(path: string, text: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present !== text) await writePrivate(path, text).catch(() => {});
}

async function loadLastGood(path: string, schema: JsonSchema): Promise<ConfigValues | undefined> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : (await checkText(text, schema)).config;
}
