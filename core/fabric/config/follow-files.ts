/** Notices that one of some files has changed, and that whoever changed it is done. */
import { watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";

/** An editor writes a file in several steps; they are one change. */
const SETTLE_MS = 100;

export interface FollowFilesDeps {
  readonly clock: Clock;
  readonly onSettled: () => void;
}

export interface FileFollower {
  /** Nothing is noticed before. */
  start(files: readonly string[]): void;
  /** From now on these, if it has started. */
  follow(files: readonly string[]): void;
  close(): void;
}

/** Watches directories, because editors replace files. Where watching does not work, nothing is noticed. */
export function followFiles({ clock, onSettled }: FollowFilesDeps): FileFollower {
  const watchers = new Map<string, FSWatcher>();
  let followed: ReadonlySet<string> = new Set();
  let timer: { close(): void } | undefined;
  let started = false;

  const open = (dir: string): void => {
    try {
      const watcher = watch(dir, { persistent: false }, (_, name) => {
        if (name !== null && ![...followed].some((file) => dirname(file) === dir && basename(file) === name)) return;
        timer?.close();
        timer = clock.after(SETTLE_MS, onSettled);
      });
      watcher.on("error", () => watcher.close());
      watchers.set(dir, watcher);
    } catch {
      // not on this file system
    }
  };
  const follow = (files: readonly string[]): void => {
    if (!started) return;
    followed = new Set(files);
    const dirs = new Set(files.map((file) => dirname(file)));
    for (const [dir, watcher] of watchers) {
      if (dirs.has(dir)) continue;
      watcher.close();
      watchers.delete(dir);
    }
    for (const dir of dirs) if (!watchers.has(dir)) open(dir);
  };
  return {
    start: (files) => {
      started = true;
      follow(files);
    },
    follow,
    close: () => {
      started = false;
      timer?.close();
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}
