/**
 * Many conversations at once. A message `SESSIONS WORDS SECONDS` starts as many turns over that many seconds, each answered
 * with that many words, one a second; the answer comes when all are under way. The message `end` is answered when all are done.
 */
import { setTimeout as wait } from "node:timers/promises";
import { openConnection, runTurn } from "../connection.ts";

const CONNECTIONS = 8;
const ALL_MS_MAX = 20_000;

export interface TalkEnd { readonly most: number; readonly finished: number }

const address = { port: Number(process.env["BENCH_PORT"]), token: process.env["BENCH_TOKEN"] ?? "" };
const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openConnection(address)));
let [active, most, finished] = [0, 0, 0];
let all: Promise<unknown> = Promise.resolve();

async function talk(sessions: number, words: number, seconds: number): Promise<void> {
  all = Promise.allSettled(Array.from({ length: sessions }, async (_, at) => {
    await wait((at / sessions) * seconds * 1_000);
    const connection = connections[at % connections.length];
    if (connection === undefined) return;
    active += 1;
    most = Math.max(most, active);
    await runTurn(connection, `talk-${at}`, `[[tokens ${words} 1000]]`).finally(() => (active -= 1));
    finished += 1;
  }));
  for (const began = performance.now(); most < sessions && performance.now() - began < ALL_MS_MAX; ) await wait(20);
}

process.on("message", (text: string) => {
  const [sessions = 0, words = 0, seconds = 0] = text.split(" ").map(Number);
  const done = text === "end" ? all : talk(sessions, words, seconds);
  void done.then(() => process.send?.({ most, finished } satisfies TalkEnd));
});
process.stdout.write("ready\n");
process.once("disconnect", () => process.exit(0));
