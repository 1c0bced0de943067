import { mkdir, open, unlink, type FileHandle } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import { formatLine } from "./format-line.ts";
import { dayId, FILE_BYTES_MAX, listLogFiles, logFileName, nextId, type LogFileName } from "./log-files.ts";

export interface LogFileOptions {
  readonly dir: string;
  readonly clock: Clock;
  /** The first part of the files' names; `gateway` unless told. */
  readonly prefix?: string;
  /** A file is closed once it is this large. */
  readonly fileBytesMax?: number;
  readonly filesMax?: number;
  /** Characters that may wait for the disk; beyond them lines are dropped and counted. */
  readonly waitingCharsMax?: number;
}

export interface LogFile extends AsyncDisposable {
  /** Takes one line with its newline. Never throws, never waits. */
  readonly write: (line: string) => void;
  /** Resolves when everything taken so far is with the operating system, or lost. Never rejects. */
  flush(): Promise<void>;
}

/**
 * Opens an append-only log, 0600, in files by day and size. Nothing is touched on disk before the first line. What is
 * dropped, because the queue was full or the disk refused, is told by a `log.dropped` line once writing works again.
 * The caller disposes it, which flushes.
 */
export function openLogFile(options: LogFileOptions): LogFile {
  const { dir, clock, prefix = "gateway", fileBytesMax = FILE_BYTES_MAX, filesMax = 5, waitingCharsMax = 1_048_576 } = options;
  let waiting: string[] = [];
  let waitingChars = 0;
  let dropped = 0;
  let draining: Promise<void> | undefined;
  let closed = false;
  let current: { readonly name: LogFileName; readonly handle: FileHandle; bytes: number } | undefined;

  const write = (line: string): void => {
    if (closed || waitingChars + line.length > waitingCharsMax) {
      dropped += 1;
      return;
    }
    waiting.push(line);
    waitingChars += line.length;
    draining ??= drain();
  };

  const drain = async (): Promise<void> => {
    await Promise.resolve(); // lines of the same tick travel together
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      waitingChars = 0;
      const lost = dropped;
      dropped = 0;
      if (lost > 0) lines.unshift(formatLine(clock.now(), "warn", "log.dropped", { count: lost }, false));
      try {
        await append(Buffer.from(lines.join("")));
      } catch {
        dropped += lost + lines.length - (lost > 0 ? 1 : 0);
        await close();
      }
    }
    draining = undefined;
  };

  const append = async (bytes: Buffer): Promise<void> => {
    const file = await fileForNow();
    await file.handle.appendFile(bytes);
    file.bytes += bytes.length;
  };

  const fileForNow = async (): Promise<NonNullable<typeof current>> => {
    const today = dayId(clock.now());
    if (current !== undefined && current.name.id >= today && current.bytes < fileBytesMax) return current;
    if (current === undefined) await mkdir(dir, { recursive: true, mode: 0o700 });
    await close();
    const present = await listLogFiles(dir, prefix);
    let name = logFileName(dir, prefix, Math.max(today, present.at(-1)?.id ?? today));
    for (;;) {
      const handle = await open(name.path, "a", 0o600);
      const { size } = await handle.stat();
      const next = nextId(name.id);
      if (size < fileBytesMax || next === name.id) {
        current = { name, handle, bytes: size };
        break;
      }
      await handle.close();
      name = logFileName(dir, prefix, next);
    }
    const others = present.filter((file) => file.id !== name.id);
    for (const file of others.slice(0, Math.max(0, others.length - filesMax + 1))) await unlink(file.path).catch(() => {});
    return current;
  };

  const close = async (): Promise<void> => {
    const handle = current?.handle;
    current = undefined;
    await handle?.close().catch(() => {});
  };

  const flush = async (): Promise<void> => {
    while (draining !== undefined) await draining;
  };

  return {
    write,
    flush,
    [Symbol.asyncDispose]: async () => {
      closed = true;
      await flush();
      await close();
    },
  };
}
