/** The list of very many sessions: its pages, its filters, its first answer, and what others feel of it. Part of `dormant`. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import type { Connection } from "../connection.ts";
import type { BenchGateway } from "../gateway.ts";
import type { Bench } from "../measure.ts";
import { quantile } from "../statistics.ts";

const LISTS = 200;
/** Between two looks at what another client feels. */
const PROBE_MS = 2;
const APART = 7_919;

interface Listed { readonly totalCount: number; readonly sessions: readonly unknown[] }

/** What the first list of a gateway takes that has just started. */
export async function measureFirst(bench: Bench, connection: Connection): Promise<void> {
  const { ms, listed } = await timed(connection, { limit: 50 });
  bench.put("list.first", ms, `of ${listed.totalCount} sessions`);
}

export async function measureLists(bench: Bench, gateway: BenchGateway, connection: Connection, sessions: number): Promise<void> {
  const many = async (paramsOf: (at: number) => object): Promise<readonly number[]> => {
    const times: number[] = [];
    for (let at = 0; at < bench.count(LISTS); at += 1) times.push((await timed(connection, paramsOf(at))).ms);
    return times;
  };
  const newest = await many(() => ({ limit: 50 }));
  bench.put("list.p50", quantile(newest, 0.5), `of ${sessions} sessions`);
  bench.put("list.p99", quantile(newest, 0.99));
  const pages = await many((at) => ({ limit: 50, offset: (at * APART) % (sessions - 50) }));
  bench.put("list.page.p50", quantile(pages, 0.5));
  bench.put("list.page.p99", quantile(pages, 0.99));
  bench.put("list.narrowed.p99", quantile(await many(() => ({ limit: 50, agentId: "main" })), 0.99));
  const { ms, health } = await beside(gateway, () => timed(connection, { limit: 50, search: "in no name" }));
  bench.put("list.search", ms);
  bench.put("list.search.health", quantile(health, 0.99), `worst ${Math.max(...health).toFixed(1)} ms`);
}

/** The state directory of a gateway that does not run becomes what the program left before the list had an order on disk. */
export function forgetOrder(stateDir: string): void {
  const database = new DatabaseSync(join(stateDir, "state", "openclaw.sqlite"));
  database.exec("DELETE FROM records WHERE bucket = 'session-order'");
  database.close();
}

/** Asked at once after the start, while the order is made. */
export async function measureOlder(bench: Bench, gateway: BenchGateway, connection: Connection): Promise<void> {
  const { ms, listed, health } = await beside(gateway, () => timed(connection, { limit: 50 }));
  bench.put("list.older.first", ms, `of ${listed.totalCount} sessions`);
  bench.put("list.older.health", quantile(health, 0.99), `worst ${Math.max(...health).toFixed(1)} ms, ${health.length} calls`);
}

async function timed(connection: Connection, params: object): Promise<{ readonly ms: number; readonly listed: Listed }> {
  const began = performance.now();
  const listed = (await connection.call("sessions.list", params)) as Listed;
  return { ms: performance.now() - began, listed };
}

async function beside<T extends object>(gateway: BenchGateway, run: () => Promise<T>): Promise<T & { readonly health: readonly number[] }> {
  const other = await gateway.connect();
  const health: number[] = [];
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      const began = performance.now();
      await other.call("health", {});
      health.push(performance.now() - began);
      await wait(PROBE_MS);
    }
  })();
  try {
    return { ...(await run()), health };
  } finally {
    isOver = true;
    await looking;
    other.close();
  }
}
