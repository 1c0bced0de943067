/** Load comes from processes of its own, so that nothing competes with the gateway inside one event loop. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

export type LoadName = "echo-server" | "instant-model" | "instant-node" | "flood" | "talk" | "sink" | "audience" | "deaf";

export interface Load extends AsyncDisposable {
  /** The first line it printed. */
  readonly said: string;
  /** Sends it a message and waits for its answer. */
  ask(message: string): Promise<unknown>;
}

/** Resolves once the program has printed its first line. It ends when it is disposed, or when this process ends. */
export async function startLoad(name: LoadName, env: Readonly<Record<string, string>> = {}): Promise<Load> {
  const child = fork(join(import.meta.dirname, "load", `${name}.ts`), {
    env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const said = await firstLine(child, name);
  return {
    said,
    ask: async (message) => {
      const answer = once(child, "message");
      child.send(message);
      return (await answer)[0] as unknown;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function firstLine(child: ChildProcess, name: string): Promise<string> {
  if (child.stdout === null) throw new Error(`${name} has no output`);
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(() => {
    throw new Error(`${name} ended before it was ready`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  ended.catch(() => {});
  return line;
}
