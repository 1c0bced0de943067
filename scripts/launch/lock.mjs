/**
 * One set-up at a time, and one build of the page. The lock is a directory (making one is atomic everywhere) that names its
 * holder; a holder that died is noticed and its lock broken.
 */
import { mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive, startTimeOf } from "./running.mjs";
import { EXIT, Refusal } from "./refusal.mjs";

/** A holder writes its name right after making the directory; one that has not after this long never will. */
const namelessMs = 5_000;

/**
 * Waits for the lock and returns how to let go of it. Calls `onWait(pid)` once if somebody else holds it. Throws a `Refusal` that names
 * `what` (a set-up, a build) and its process after `waitMaxMs`.
 */
export async function takeLock(path, { what, waitMaxMs, onWait = () => {} }) {
  mkdirSync(dirname(path), { recursive: true });
  const until = Date.now() + waitMaxMs;
  for (let told = false; ; ) {
    if (tryMake(path)) {
      writeFileSync(join(path, "holder.json"), JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) }));
      return () => rmSync(path, { recursive: true, force: true });
    }
    const holder = readHolder(path);
    if (isStale(path, holder)) {
      breakLock(path);
    } else if (!told && holder !== null) {
      onWait(holder.pid);
      told = true;
    }
    if (Date.now() > until) {
      const who = holder === null ? "unknown" : String(holder.pid);
      throw new Refusal(EXIT.temporary, `Another ${what} (pid ${who}) has not finished for ${waitMaxMs / 1000} s. End it, then retry.`);
    }
    await wait(100);
  }
}

/**
 * Removes a lock whose holder is gone. Of several that wait, only the one that makes the second directory removes the
 * first, and looks again before: else a slow one would remove the lock that a quick one has just taken.
 */
function breakLock(path) {
  const breaker = `${path}.break`;
  if (!tryMake(breaker)) {
    if (ageOf(breaker) > namelessMs) rmSync(breaker, { recursive: true, force: true });
    return;
  }
  try {
    if (isStale(path, readHolder(path))) rmSync(path, { recursive: true, force: true });
  } finally {
    rmdirSync(breaker);
  }
}

function isStale(path, holder) {
  return holder === null ? ageOf(path) > namelessMs : !isAlive(holder.pid, holder.startedAt);
}

function tryMake(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(path) {
  try {
    return JSON.parse(readFileSync(join(path, "holder.json"), "utf8"));
  } catch {
    return null;
  }
}

/** Zero for what is not there: that is no lock to break. */
function ageOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
