import type { Sql } from "postgres";
import type { Database, SqlAnswer } from "./sql-order.ts";

export interface PostgresPlace {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly tls: boolean;
  readonly connections: number;
  readonly password: () => Promise<string> | string;
}

const IDLE_SECONDS = 30;
const CONNECT_SECONDS = 10;
/** The server was not reached, or it took everything back: serialisation, deadlock, lock not had, shutting down, too many. */
const NOT_DONE = /^(40001|40P01|55P03|57P0[123]|53300|ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|CONNECT_TIMEOUT)$/;
const LOST = /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|ECONNRESET|EPIPE|ETIMEDOUT)$/;

/** Each statement in a transaction of its own, one that the server keeps from writing unless it may. The driver is loaded at first use. */
export function openPostgres(place: PostgresPlace): Database {
  let client: Promise<Sql> | undefined;
  const connect = async (): Promise<Sql> => {
    const { default: postgres } = await import("postgres");
    const { host, port, database, user: username, tls, connections: max, password } = place;
    return postgres({
      host, port, database, username, password, max, ssl: tls ? "verify-full" : false, idle_timeout: IDLE_SECONDS, fetch_types: false,
      connect_timeout: CONNECT_SECONDS, onnotice: () => undefined, prepare: true, connection: { application_name: "openclaw" },
    });
  };

  return {
    run: async ({ write, statement, values, rowsMax, bytesMax }, _request, signal) => {
      let began = false;
      try {
        const sql = await (client ??= connect());
        return await sql.begin(write ? "read write" : "read only", async (transaction): Promise<SqlAnswer> => {
          if (signal.aborted) return { kind: "unavailable", message: "It was stopped." };
          began = write;
          const query = transaction.unsafe(statement, [...values], { prepare: true });
          const onAbort = (): void => query.cancel();
          signal.addEventListener("abort", onAbort, { once: true });
          const rows: Readonly<Record<string, unknown>>[] = [];
          let bytes = 0;
          let truncated = false;
          try {
            if (write) {
              const result = await query;
              for (const row of result) {
                bytes += JSON.stringify(row).length;
                if (rows.length >= rowsMax || bytes > bytesMax) truncated = true;
                else rows.push(row as Record<string, unknown>);
              }
              return { kind: "rows", rows, truncated, changed: result.count };
            }
            for await (const page of query.cursor(Math.min(rowsMax + 1, 100))) {
              for (const row of page) {
                bytes += JSON.stringify(row).length;
                if (rows.length >= rowsMax || bytes > bytesMax) return { kind: "rows", rows, truncated: true, changed: null };
                rows.push(row as Record<string, unknown>);
              }
            }
            return { kind: "rows", rows, truncated, changed: null };
          } finally {
            signal.removeEventListener("abort", onAbort);
          }
        }) as SqlAnswer;
      } catch (error) {
        const code = codeOf(error);
        if (NOT_DONE.test(code)) return { kind: "unavailable", message: code };
        if (LOST.test(code)) return { kind: began ? "lost" : "unavailable", message: code };
        if (code === "57014") return { kind: "unavailable", message: "It took too long and was taken back." };
        return { kind: "refused", message: `${code}: ${error instanceof Error ? error.message : "refused"}` };
      }
    },
    close: async () => {
      await (await client?.catch(() => undefined))?.end({ timeout: 1 });
    },
  };
}

function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
}
