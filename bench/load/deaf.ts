/**
 * Clients that stop reading. The first message is how many there are to be; it is answered when all of them are connected, have
 * subscribed to the session `deaf`, and read no further.
 */
import { openConnection } from "../connection.ts";

const OPENING = 16;

const address = { port: Number(process.env["BENCH_PORT"]), token: process.env["BENCH_TOKEN"] ?? "" };

async function gather(wanted: number): Promise<void> {
  for (let clients = 0; clients < wanted; clients += OPENING) {
    await Promise.all(Array.from({ length: Math.min(OPENING, wanted - clients) }, async () => {
      const { call, socket } = await openConnection(address);
      await call("sessions.messages.subscribe", { key: "deaf" });
      socket.pause();
    }));
  }
}

process.on("message", (text: string) => void gather(Number(text)).then(() => process.send?.("ready")));
process.stdout.write("ready\n");
process.once("disconnect", () => process.exit(0));
