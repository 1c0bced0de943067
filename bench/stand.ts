/** One gateway with an instant model, its local node and a paired second node: what most figures are taken on. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Connection } from "./connection.ts";
import { OPENCLAW, openBenchGateway, untilNode, type BenchGateway } from "./gateway.ts";
import { startLoad } from "./start-load.ts";
import type { Held } from "./load/instant-model.ts";

export interface Model extends AsyncDisposable {
  /** The configuration that makes it every agent's model. */
  readonly config: unknown;
  /** The requests of every id since the last time, oldest first. */
  held(): Promise<Readonly<Record<string, readonly Held[]>>>;
}

export async function openModel(): Promise<Model> {
  const server = await startLoad("instant-model");
  const origin = `http://127.0.0.1:${server.said}`;
  return {
    config: {
      agents: { defaults: { model: "bench/instant" } },
      models: { providers: { bench: { use: "openai-compatible", baseUrl: `${origin}/v1`, models: [{ id: "instant" }] } } },
      tools: { exec: { yesLocal: true } },
    },
    held: async () => (await (await fetch(`${origin}/held`)).json()) as Record<string, Held[]>,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export interface Stand extends AsyncDisposable {
  readonly gateway: BenchGateway;
  readonly model: Model;
  readonly connection: Connection;
  readonly localNodeId: string;
  /** Pairs and starts a second node by the command line, once. */
  pairedNode(): Promise<{ readonly nodeId: string; readonly name: string }>;
}

export async function openStand(): Promise<Stand> {
  const stack = new AsyncDisposableStack();
  try {
    const model = stack.use(await openModel());
    const gateway = stack.use(await openBenchGateway({ config: model.config }));
    const { connection } = await gateway.start();
    const { nodeId } = await untilNode(connection, (node) => node.displayName === "local");
    let paired: Promise<{ readonly nodeId: string; readonly name: string }> | undefined;
    const pairedNode = async (): Promise<{ readonly nodeId: string; readonly name: string }> => {
      const env = { ...gateway.env, OPENCLAW_NODE_DIR: join(gateway.home, "second-node") };
      const where = ["--url", `http://127.0.0.1:${gateway.port}`, "--token", gateway.token];
      const pair = spawn(OPENCLAW, ["node", "pair", ...where, "--name", "second"], { env, stdio: "ignore" });
      await once(pair, "exit");
      const node = spawn(OPENCLAW, ["node", "start", "--tags=bench"], { env, stdio: "ignore" });
      const endAtOnce = (): void => void node.kill("SIGKILL");
      process.once("exit", endAtOnce);
      stack.defer(async () => {
        await endChild(node);
        process.off("exit", endAtOnce);
      });
      const row = await untilNode(connection, ({ displayName }) => displayName === "second");
      return { nodeId: row.nodeId, name: "second" };
    };
    return {
      gateway, model, connection, localNodeId: nodeId,
      pairedNode: () => (paired ??= pairedNode()),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const insist = setTimeout(() => child.kill("SIGKILL"), 3_000);
  await ended;
  clearTimeout(insist);
}
