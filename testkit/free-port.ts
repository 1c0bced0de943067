/** Ports for programs that are told theirs beforehand. */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below those from which the kernel gives one to whoever connects or asks for any: there nobody gets one by chance. */
const FROM = 20_000;
const TO = 32_000;

/** Held until this process ends, so that no test of another one chooses the same meanwhile. */
const claims: Server[] = [];

/** Nobody listens there, and no test is told the same as long as this process lives: also not while its program is away. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const claim = await listen({ path: `\0openclaw-test-port-${port}` });
    if (claim === undefined) continue;
    claim.unref();
    claims.push(claim);
    const server = await listen({ port, host: "127.0.0.1" });
    if (server === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Undefined where somebody else is. */
async function listen(where: { readonly path: string } | { readonly port: number; readonly host: string }): Promise<Server | undefined> {
  const server = createServer();
  server.listen(where);
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}
