/** Runs the real program as a person would, and gathers what it says. For tests only. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly done: Promise<Said>;
  /** Resolves once stdout or stderr holds the text. */
  saw(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const PATIENCE_MS = 20_000;

/** The environment is only what is given here: no locale, no token, no colour of the tester's leaks in. */
export function startOpenClaw(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env["PATH"] ?? "", HOME: "/nonexistent",
      ...(process.env["NODE_COMPILE_CACHE"] === undefined ? {} : { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] }),
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const waiting = new Set<() => void>();
  const heard = (): void => {
    for (const look of [...waiting]) look();
  };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
    heard();
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
    heard();
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const done = new Promise<Said>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
      heard();
    });
  });
  return {
    done,
    kill: (signal) => child.kill(signal),
    saw: (text) => new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text) || stderr.includes(text)) {
          waiting.delete(look);
          resolve();
        } else if (child.exitCode !== null) {
          waiting.delete(look);
          reject(new Error(`it ended without saying "${text}":\n${stdout}\n${stderr}`));
        }
      };
      waiting.add(look);
      look();
    }),
  };
}

export function openclaw(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Said> {
  return startOpenClaw(args, environment).done;
}
