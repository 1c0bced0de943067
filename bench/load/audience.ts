/**
 * Many who only listen. The first message is how many there are to be, and is answered when all are connected; each further one is a
 * number of events to wait for, answered with the moments at which every client heard the last of them.
 */
import { openConnection, nowMs } from "../connection.ts";

const OPENING = 16;

const address = { port: Number(process.env["BENCH_PORT"]), token: process.env["BENCH_TOKEN"] ?? "" };
const mark = Buffer.from('"event":"voicewake.changed"');
const heardAtMs: number[] = [];
let clients = 0;
let wake: () => void = () => undefined;

async function gather(wanted: number): Promise<void> {
  while (clients < wanted) {
    const next = await Promise.all(Array.from({ length: Math.min(OPENING, wanted - clients) }, () => openConnection(address)));
    for (const { socket } of next) {
      socket.removeAllListeners("message"); // what is not listened for is not parsed: all of them share this process
      socket.on("message", (data: Buffer) => {
        if (!data.includes(mark)) return;
        heardAtMs.push(nowMs());
        wake();
      });
    }
    clients += next.length;
  }
}

async function hear(): Promise<readonly number[]> {
  while (heardAtMs.length < clients) await new Promise<void>((resolve) => (wake = resolve));
  return heardAtMs.splice(0);
}

process.on("message", (text: string) => {
  void (clients === 0 ? gather(Number(text)) : hear()).then((answer) => process.send?.(answer ?? []));
});
process.stdout.write("ready\n");
process.once("disconnect", () => process.exit(0));
