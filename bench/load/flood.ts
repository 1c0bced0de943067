/**
 * A client that asks for too much. On a message `calls` it sends 2,000 calls at once, on `frame` one call of 20 MB; when all
 * are answered, one way or the other, it says how many were.
 */
import { openConnection, type Connection } from "../connection.ts";

const CALLS = 2_000;
const FRAME_BYTES = 20 * 1_048_576;

export interface FloodEnd { readonly answered: number; readonly refused: number; readonly ms: number }

const address = { port: Number(process.env["BENCH_PORT"]), token: process.env["BENCH_TOKEN"] ?? "" };
const pad = "y".repeat(FRAME_BYTES);
let connection = await openConnection(address);

async function flood(kind: string): Promise<FloodEnd> {
  const began = performance.now();
  const calls = kind === "frame" ? [connection.call("health", { pad })]
    : Array.from({ length: CALLS }, () => connection.call("sessions.list", {}));
  const outcomes = await Promise.allSettled(calls);
  const answered = outcomes.filter((outcome) => outcome.status === "fulfilled").length;
  return { answered, refused: outcomes.length - answered, ms: performance.now() - began };
}

async function reopened(): Promise<Connection> {
  return connection.socket.readyState === connection.socket.OPEN ? connection : openConnection(address);
}

process.on("message", (kind: string) => {
  void (async () => {
    connection = await reopened();
    const end = await flood(kind);
    process.send?.(end);
  })();
});
process.stdout.write("ready\n");
process.once("disconnect", () => process.exit(0));
