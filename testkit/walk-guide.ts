/**
 * Does what a guide says: every command of its `sh` blocks in order, in an empty home, as a person would in a shell.
 *
 * A block marked `sh keep` is a program that stays; it counts as begun once it has written what `keeps` names. What a person fills in
 * for themselves, such as the address of their own server, is replaced by name.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { endWithUs } from "./end-with-us.ts";

export interface GuideCommand { readonly line: string; readonly keeps: boolean }

export interface GuideStep {
  readonly line: string;
  /** Null while it stays. */
  readonly code: number | null;
  /** Both streams. */
  readonly output: string;
  readonly tookMs: number;
}

export interface WalkOptions {
  readonly guide: string;
  /** Where the commands are run: a clone. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** By the beginning of a command that stays: what it has written once it is ready. */
  readonly ready: Readonly<Record<string, RegExp>>;
  readonly replace: Readonly<Record<string, string>>;
  readonly onStep: (step: GuideStep) => void | Promise<void>;
}

const STEP_MS = 60_000;
const POLL_MS = 20;

export function commandsOf(markdown: string): readonly GuideCommand[] {
  return [...markdown.matchAll(/^```sh( keep)?\n([\s\S]*?)^```$/gm)].flatMap(([, keep, body = ""]) =>
    body.split("\n").filter((line) => line.trim() !== "").map((line) => ({ line, keeps: keep !== undefined })));
}

/** Resolves when all were done; fails at the first that fails. What stays is ended, the last one first. */
export async function walkGuide({ guide, folder, env, ready, replace, onStep }: WalkOptions): Promise<void> {
  const staying: ChildProcess[] = [];
  try {
    for (const { line, keeps } of commandsOf(await readFile(guide, "utf8"))) {
      const began = performance.now();
      const said = Object.entries(replace).reduce((text, [name, value]) => text.replaceAll(name, value), line);
      const child = spawn("/bin/sh", ["-c", `exec ${said}`], {
        cwd: folder, env: { ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true,
      });
      endWithUs(child);
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
      if (keeps) staying.push(child);
      const pattern = keeps ? Object.entries(ready).find(([start]) => line.startsWith(start))?.[1] : undefined;
      if (keeps && pattern === undefined) throw new Error(`nothing says when this is ready: ${line}`);
      let closed = false;
      child.on("close", () => (closed = true));
      while (pattern === undefined ? !closed : !pattern.test(output)) {
        if (performance.now() - began > STEP_MS || (keeps && closed)) throw new Error(`${line}\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      await onStep({ line, code: keeps ? null : child.exitCode, output, tookMs: performance.now() - began });
      if (!keeps && child.exitCode !== 0) throw new Error(`${line} ended with ${child.exitCode}:\n${output}`);
    }
  } finally {
    for (const child of staying.reverse()) await end(child);
  }
}

/** Its whole group: npm passes no signal on. */
async function end(child: ChildProcess): Promise<void> {
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch {
      return;
    }
    for (let tries = 0; tries < 400 && child.exitCode === null && child.signalCode === null; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
