import { fileURLToPath } from "node:url";
import type { ActuatorContext } from "@openclaw/sdk";
import type { Database, SqlAnswer, SqlOrder } from "./sql-order.ts";

interface RunPayload { readonly stdout: string; readonly timedOut: boolean; readonly exitCode: number | null }

const PROGRAM = fileURLToPath(new URL("./run-sqlite.ts", import.meta.url));

/** Each statement is a program that the gateway's own node runs, confined as that node is, and ended by it when its time is over. */
export function openSqlite(ctx: ActuatorContext, file: string, timeoutMs: number): Database {
  return {
    run: async (order, request, signal) => {
      const whole: SqlOrder = { ...order, file };
      const command = [process.execPath, "--disable-warning=ExperimentalWarning", PROGRAM, JSON.stringify(whole)];
      const end = await ctx.node({ command: "system.run", params: { command, timeoutMs }, timeoutMs }, request, signal);
      if (!end.ok) return { kind: end.sent ? "lost" : "unavailable", message: end.why };
      const { stdout, timedOut, exitCode } = end.payload as RunPayload;
      if (timedOut) return { kind: "lost", message: "It took too long and was ended." };
      try {
        return JSON.parse(stdout) as SqlAnswer;
      } catch {
        return { kind: "lost", message: `Its program ended with ${exitCode ?? "a signal"}.` };
      }
    },
    close: async () => {},
  };
}
