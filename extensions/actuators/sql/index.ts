import type { Actuator, ActuatorEnd } from "@openclaw/sdk";
import { refuseStatement } from "./one-statement.ts";
import { openPostgres } from "./open-postgres.ts";
import { openSqlite } from "./open-sqlite.ts";
import type { Database, SqlAnswer, SqlValue } from "./sql-order.ts";

interface SqlConfig {
  readonly kind: "sqlite" | "postgres";
  /** May rows be written? Without it every statement runs where the database itself refuses to write. */
  readonly write?: boolean;
  readonly rowsMax?: number;
  readonly file?: string;
  readonly host?: string;
  readonly port?: number;
  readonly database?: string;
  readonly user?: string;
  readonly tls?: boolean;
  readonly credential?: string;
}

interface SqlParams { readonly statement: string; readonly values?: readonly SqlValue[]; readonly write?: boolean }

const TIMEOUT_MS = 30_000;
const ROWS_MAX = 200;
const BYTES_MAX = 131_072;
const CONNECTIONS = 4;

/** One parameterised statement on a database that the configuration names. Models never see where it is or how it is entered. */
export default {
  id: "sql",
  label: "SQL (one statement on a SQLite or PostgreSQL database)",
  config: {
    type: "object", additionalProperties: false, required: ["kind"],
    properties: {
      kind: { enum: ["sqlite", "postgres"] },
      write: { type: "boolean", description: "Rows may be written; otherwise the database itself refuses." },
      rowsMax: { type: "integer", minimum: 1, maximum: 10_000, description: "Rows of an answer; 200 unless said." },
      file: { type: "string", minLength: 1, maxLength: 4_096, description: "With sqlite: the file, as the gateway's own node sees it; to be written, it lies in the workspace." },
      host: { type: "string", minLength: 1, maxLength: 255, description: "With postgres: the host, or the folder of its socket." },
      port: { type: "integer", minimum: 1, maximum: 65_535 },
      database: { type: "string", minLength: 1, maxLength: 63 },
      user: { type: "string", minLength: 1, maxLength: 63 },
      tls: { type: "boolean", description: "Encrypted, the server's name verified. On, unless the host is this machine." },
      credential: { type: "string", minLength: 1, maxLength: 64, description: "Name of the password under credentials." },
    },
  },
  tool: {
    name: "sql",
    summary:
      "Runs one SQL statement on a database the owner configured and returns its rows. "
      + "Put values in `values`: ? in SQLite, $1 in PostgreSQL.",
  },
  params: {
    type: "object", additionalProperties: false, required: ["statement"],
    properties: {
      statement: { type: "string", minLength: 1, maxLength: 20_000 },
      values: { type: "array", maxItems: 256, items: { type: ["string", "number", "boolean", "null"], maxLength: 65_536 } },
      write: { type: "boolean", description: "It changes rows." },
    },
  },
  limits: { perMinute: 600, concurrency: CONNECTIONS, timeoutMs: TIMEOUT_MS, attemptsMax: 3 },
  judge: (params, config) => {
    const { statement, values = [], write = false } = params as SqlParams;
    if (write && (config as SqlConfig).write !== true) return { refused: "This database may only be read." };
    const refused = refuseStatement(statement, write);
    if (refused !== undefined) return { refused };
    const shown = values.length === 0 ? "" : ` with ${JSON.stringify(values)}`;
    const line = `${statement.trim().replaceAll(/\s+/g, " ")}${shown}`;
    return { effect: write ? "unsafe" : "read", summary: line.length > 1_000 ? `${line.slice(0, 1_000)}…` : line };
  },
  present: (payload) => {
    const answer = payload as SqlAnswer;
    if (answer.kind !== "rows") return { text: answer.message, isError: true };
    const { rows, changed, truncated } = answer;
    const said = changed === null ? `${rows.length} rows` : `${changed} rows changed`;
    return { text: [`${said}${truncated ? ", and more" : ""}`, ...rows.map((row) => JSON.stringify(row))].join("\n"), isError: false };
  },
  open: (ctx) => {
    const config = ctx.config as SqlConfig;
    let database: Database | undefined;
    const open = (): Database => {
      const { kind, file = "", host = "127.0.0.1", port = 5_432, database: name = "postgres", user = "postgres", credential } = config;
      if (kind === "sqlite") return openSqlite(ctx, file, TIMEOUT_MS);
      return openPostgres({
        host, port, database: name, user, tls: config.tls ?? !isHere(host), connections: CONNECTIONS,
        password: () => (credential === undefined ? "" : ctx.credential(credential)),
      });
    };
    return {
      carryOut: async (request, signal): Promise<ActuatorEnd> => {
        const { statement, values = [], write = false } = request.params as SqlParams;
        database ??= open();
        const order = { write, statement, values, rowsMax: config.rowsMax ?? ROWS_MAX, bytesMax: BYTES_MAX };
        return endOf(await database.run(order, request, signal));
      },
      [Symbol.asyncDispose]: async () => database?.close(),
    };
  },
} satisfies Actuator;

function endOf(answer: SqlAnswer): ActuatorEnd {
  const failed = { ok: false, code: "ACTUATOR_FAILED", outsideWords: true, again: true } as const;
  switch (answer.kind) {
    case "rows": case "refused": return { ok: true, payload: answer };
    case "unavailable":
      return { ...failed, why: `The database was not reached: ${answer.message}`, sent: false };
    case "lost": return { ...failed, why: `The database went away: ${answer.message}`, sent: true };
  }
}

function isHere(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "127.0.0.1" || host === "::1";
}
