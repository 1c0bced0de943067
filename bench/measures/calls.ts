import { WebSocket } from "ws";
import { openConnection, type Connection } from "../connection.ts";
import type { Measure } from "../measure.ts";
import { startLoad } from "../start-load.ts";
import { quantile } from "../statistics.ts";

export const connect: Measure = {
  name: "connect",
  about: "an operator's handshake, one after another",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    const times = [];
    for (let at = 0; at < bench.count(300); at += 1) {
      const began = performance.now();
      const connection = await gateway.connect();
      times.push(performance.now() - began);
      connection.close();
    }
    bench.put("connect.p50", quantile(times, 0.5), `${times.length} times`);
    bench.put("connect.p99", quantile(times, 0.99));
  },
};

export const calls: Measure = {
  name: "calls",
  about: "round trips on open connections, beside a bare echo",
  run: async (bench) => {
    const { gateway } = await bench.stand();
    const forMs = bench.quick ? 1_000 : 3_000;
    await using echo = await startLoad("echo-server");
    const echoes = await Promise.all(Array.from({ length: 32 }, () => openEcho(Number(echo.said))));
    await warmUp(echoes);
    bench.put("call.echo.p50", quantile((await pace(echoes.slice(0, 1), forMs)).times, 0.5));
    bench.put("call.echo.rate32", (await pace(echoes, forMs)).perSecond);
    for (const each of echoes) each.close();

    const connections = await Promise.all(Array.from({ length: 32 }, () => openConnection(gateway)));
    const callers = connections.map((connection) => ({ ask: () => connection.call("health", {}) }));
    await warmUp(callers);
    const alone = await pace(callers.slice(0, 1), forMs);
    bench.put("call.health.p50", quantile(alone.times, 0.5), `${alone.times.length} calls`);
    bench.put("call.health.p99", quantile(alone.times, 0.99));
    bench.put("call.health.rate1", alone.perSecond);
    const cpuBefore = gateway.cpuMs();
    const together = await pace(callers, forMs);
    bench.put("call.health.rate32", together.perSecond, `${together.times.length} calls`);
    bench.put("call.health.cpu", (gateway.cpuMs() - cpuBefore) / together.times.length);
    for (const connection of connections) connection.close();
  },
};

export interface Caller { ask(): Promise<unknown> }
export interface Paced { readonly times: readonly number[]; readonly perSecond: number }

/** Each caller asks again as soon as it was answered. */
export async function pace(callers: readonly Caller[], forMs: number): Promise<Paced> {
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(callers.map(async (caller) => {
    for (let asked = performance.now(); asked - began < forMs; asked = performance.now()) {
      await caller.ask();
      times.push(performance.now() - asked);
    }
  }));
  return { times, perSecond: times.length / ((performance.now() - began) / 1_000) };
}

/** Compiled code is what serves people all day; the first calls are in the figures of the start. */
async function warmUp(callers: readonly Caller[]): Promise<void> {
  await pace(callers, 500);
}

export function callerOf(connection: Connection, method: string, params: () => unknown): Caller {
  return { ask: () => connection.call(method, params()) };
}

function openEcho(port: number): Promise<Caller & { close(): void }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    const open = new Map<string, (payload: unknown) => void>();
    let counter = 0;
    socket.on("message", (data: Buffer) => {
      const { id, payload } = JSON.parse(data.toString()) as { readonly id: string; readonly payload: unknown };
      open.get(id)?.(payload);
      open.delete(id);
    });
    socket.on("error", reject);
    socket.on("open", () => resolve({
      close: () => socket.close(),
      ask: () => new Promise((answered) => {
        const id = String((counter += 1));
        open.set(id, answered);
        socket.send(JSON.stringify({ type: "req", id, method: "health", params: {} }));
      }),
    }));
  });
}
