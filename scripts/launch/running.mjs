/**
 * Who runs from this clone. Set-up asks here before it replaces `node_modules`: a gateway whose files vanish under it
 * fails at its next lazy import, in the middle of somebody's work.
 *
 * The file format, for programs that write it themselves (core imports nothing of scripts):
 *
 *   <root>/.cache/running/<pid>.json   { "pid": 4711, "startedAt": "1234567", "what": "gateway on port 18789" }
 *
 * `startedAt` is field 22 of /proc/<pid>/stat as a string (clock ticks since boot), or null where there is no /proc. It
 * tells a process from a later one that was given the same number. Write it before the first lazy import can happen, whole
 * (under another name, then renamed: what is no note is swept up), and remove it at exit. A file that a crash left behind
 * does no harm: its process is gone, and it is swept up.
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** When the process with this number began, in a form to compare; null where it cannot be known or there is none. */
export function startTimeOf(pid) {
  const fields = statFieldsOf(pid);
  return fields === null ? null : (fields[19] ?? null);
}

/** The parent of a process; null where it cannot be known or there is none. */
export function parentOf(pid) {
  const fields = statFieldsOf(pid);
  return fields === null ? null : Number(fields[1]);
}

/** Is that very process still there? A dead one that nobody has collected yet counts as gone. */
export function isAlive(pid, startedAt) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return false; // EPERM: it is there, and somebody else's
  }
  const fields = statFieldsOf(pid);
  if (fields === null) return true;
  if (fields[0] === "Z" || fields[0] === "X") return false;
  return typeof startedAt !== "string" || fields[19] === startedAt;
}

/** The programs that run from `root` now. Sweeps up the notes of those that are gone. */
export function listRunning(root) {
  const directory = join(root, ".cache", "running");
  const running = [];
  for (const name of namesIn(directory)) {
    const note = parseNote(join(directory, name));
    if (note !== null && isAlive(note.pid, note.startedAt)) running.push(note);
    else rmSync(join(directory, name), { force: true });
  }
  return running.sort((a, b) => a.pid - b.pid);
}

function namesIn(directory) {
  try {
    return readdirSync(directory).filter((name) => /^\d+\.json$/.test(name));
  } catch {
    return [];
  }
}

function parseNote(file) {
  try {
    const { pid, startedAt, what } = JSON.parse(readFileSync(file, "utf8"));
    return { pid, startedAt, what: typeof what === "string" ? what.slice(0, 80) : "a program" };
  } catch {
    return null;
  }
}

/** The fields of /proc/<pid>/stat from the state on; the name before it may itself hold spaces and brackets. */
function statFieldsOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}
