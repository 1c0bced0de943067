/**
 * Runs the program as a child that shares our terminal, and ends when it ends. Whoever stops us, the program is told.
 *
 * SIGINT is survived and not passed on: a terminal sends it to every process of the foreground, and a second one would
 * ask the gateway to hurry. SIGTERM and SIGHUP are passed on. A parent that dies without a word (npm killed with SIGKILL,
 * the shell between npm and us) is noticed, and becomes a SIGTERM for the child.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { parentOf } from "./running.mjs";
import { EXIT, Refusal } from "./refusal.mjs";

const parentPollMs = 500;

// Read when the launcher starts: a parent may well die while dependencies are being installed.
const parent = process.ppid;
// Under npm there may be a shell between npm and us, which outlives npm: so the parent's parent counts too. Started
// straight from a shell, only that shell counts.
const grandparent = process.env.npm_lifecycle_event === undefined ? null : parentOf(parent);

/** Resolves with the child's exit code, or 128 + n where signal n ended it. */
export function runChild(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", env });
    const pass = (signal) => child.kill(signal);
    const survive = () => {};
    process.on("SIGINT", survive);
    process.on("SIGTERM", pass);
    process.on("SIGHUP", pass);
    const watch = watchParents(() => pass("SIGTERM"));
    child.on("error", (error) => {
      clearInterval(watch);
      const what = `${command} could not be started (${error.code}).`;
      reject(new Refusal(EXIT.unavailable, `${what} Remove node_modules, then run npm start again.`));
    });
    child.on("exit", (code, signal) => {
      clearInterval(watch);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

/** Calls `onOrphaned` once, when a process we run under is gone. */
function watchParents(onOrphaned) {
  const timer = setInterval(() => {
    const orphaned = process.ppid !== parent || (grandparent !== null && parentOf(parent) !== grandparent);
    if (!orphaned) return;
    clearInterval(timer);
    onOrphaned();
  }, parentPollMs);
  timer.unref();
  return timer;
}
