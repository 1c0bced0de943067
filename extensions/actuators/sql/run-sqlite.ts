/**
 * One statement on a SQLite file, as a program of its own on the node: an order as its one argument, an answer on its output.
 *
 * SQLite cannot be interrupted and its memory is its process's, so it never runs inside the gateway: here the node's time
 * limit ends it, whatever it does.
 */
import { DatabaseSync } from "node:sqlite";
import type { SqlAnswer, SqlOrder } from "./sql-order.ts";

const BUSY_MS = 5_000;
const HEAP_BYTES = 268_435_456;

process.stdout.write(JSON.stringify(answer(JSON.parse(process.argv[2] ?? "{}") as SqlOrder)));

function answer({ file, write, statement, values, rowsMax, bytesMax }: SqlOrder): SqlAnswer {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { readOnly: !write, timeout: BUSY_MS, allowExtension: false });
    database.exec(`PRAGMA hard_heap_limit = ${HEAP_BYTES}`);
  } catch (error) {
    return { kind: "unavailable", message: messageOf(error) };
  }
  try {
    const prepared = database.prepare(statement);
    prepared.setReadBigInts(true);
    const rows: Record<string, unknown>[] = [];
    let bytes = 0;
    for (const row of prepared.iterate(...values.map((value) => (typeof value === "boolean" ? Number(value) : value)))) {
      const plain = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plainOf(value)]));
      bytes += JSON.stringify(plain).length;
      if (!write && (rows.length >= rowsMax || bytes > bytesMax)) return { kind: "rows", rows, truncated: true, changed: null };
      if (rows.length < rowsMax && bytes <= bytesMax) rows.push(plain); // a statement that writes is read to its end
    }
    const changed = write ? Number(database.prepare("SELECT changes() AS changed").get()?.["changed"]) : null;
    return { kind: "rows", rows, truncated: false, changed };
  } catch (error) {
    return { kind: "refused", message: messageOf(error) };
  } finally {
    database.close();
  }
}

function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString("base64")}`;
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown";
}
