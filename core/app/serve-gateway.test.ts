// A store that takes its time to open: who comes meanwhile, and who comes after.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { promisify } from "node:util";
import { OpenClawError } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import { connectPlain, openPlainClient } from "@openclaw/testkit/plain-client";
import { freePort, PROGRAM_MAIN } from "@openclaw/testkit/real-gateway";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import { openSqliteEngine, openStateDir } from "../fabric/engine.ts";
import { serveGateway } from "./serve-gateway.ts";
import type { Terminal } from "./terminal/open-terminal.ts";

const terminal = { note: () => undefined, banner: () => undefined } as unknown as Terminal;

interface Room {
  readonly port: number;
  readonly held: PromiseWithResolvers<Engine>;
  readonly engine: () => Promise<Engine>;
  readonly served: Promise<number>;
  close(): Promise<void>;
}

async function setUp(): Promise<Room> {
  const stateDir = await mkdtemp(join(tmpdir(), "serve-"));
  const port = await freePort();
  const here = { dir: stateDir, clock: systemClock, ids: systemIds };
  const owned = await openStateDir({ ...here, port });
  const stop = new AbortController();
  const held = Promise.withResolvers<Engine>();
  const opened: Engine[] = [];
  const served = serveGateway({
    stateDir, port, terminal, token: new Secret("the-token"), signal: stop.signal, engine: held.promise, owned,
    startedAtMs: systemClock.now(), startedAt: systemClock.monotonic(),
  });
  served.catch(() => undefined);
  return {
    port, held, served,
    engine: async () => {
      opened.push(await openSqliteEngine(here));
      return opened[0] as Engine;
    },
    close: async () => {
      stop.abort();
      await served.catch(() => undefined);
      for (const one of opened) await one[Symbol.asyncDispose]();
      await owned[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/** The port's answer, as soon as there is any. */
async function startup(port: number): Promise<readonly [number, string]> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/startupz`).catch(() => undefined);
    if (answer !== undefined) return [answer.status, ((await answer.json()) as { readonly status: string }).status];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("while the store opens whoever comes is told to come back, and who does so finds the gateway on the same port (W.3.34)", async (t) => {
  const room = await setUp();
  t.after(() => room.close());
  assert.deepEqual(await startup(room.port), [503, "starting"]);
  await assert.rejects(connectPlain(room.port, { token: "the-token" }), /gateway starting; retry shortly/);
  const early = await openPlainClient(room.port);
  const engine = await room.engine();
  const { digest } = await engine.blobs.put(Buffer.from("a picture"));
  await engine.records.write("media-kept", `000000000000001-${digest}`, Buffer.from("{}"), 0);
  room.held.resolve(engine);
  const client = { id: "cli", mode: "cli", version: "1", platform: "Linux" };
  const refused = await early.ask("connect", { minProtocol: 4, maxProtocol: 4, client });
  assert.equal(refused.error?.code, "UNAVAILABLE");
  assert.equal((await early.closed).code, 1013);
  while ((await startup(room.port))[0] !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
  const late = await connectPlain(room.port, { token: "the-token" });
  assert.equal(((await late.call("health")) as { readonly ok: boolean }).ok, true);
  late.close();
  const isLeft = async (): Promise<boolean> => (await engine.records.list("media-kept", "")).length > 0;
  for (let tries = 0; tries < 1_000 && await isLeft(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([await isLeft(), await engine.blobs.stat(digest)], [false, null], "what was once kept unsealed is gone");
});

test("a store that cannot be opened ends the start with its reason, and nobody listens any more", async (t) => {
  const room = await setUp();
  t.after(() => room.close());
  assert.deepEqual(await startup(room.port), [503, "starting"]);
  room.held.reject(new OpenClawError("ENGINE_UNAVAILABLE"));
  await assert.rejects(room.served, (error) => error instanceof OpenClawError && error.code === "ENGINE_UNAVAILABLE");
  await assert.rejects(fetch(`http://127.0.0.1:${room.port}/startupz`));
});

test("a store of a newer program ends the start with its code, also where that is known before the rest is loaded", async (t) => {
  const stateDir = await mkdtemp(join(tmpdir(), "serve-"));
  t.after(() => rm(stateDir, { recursive: true, force: true }));
  await mkdir(join(stateDir, "state"), { mode: 0o700 });
  const newer = new DatabaseSync(join(stateDir, "state", "openclaw.sqlite"));
  newer.exec("PRAGMA application_id = 0x4f434c57; PRAGMA user_version = 99; CREATE TABLE entries (place INTEGER PRIMARY KEY)");
  newer.close();
  const args = [PROGRAM_MAIN, "gateway", "run", "--port", String(await freePort())];
  const env = { ...process.env, OPENCLAW_STATE_DIR: stateDir };
  const failed = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 }).then(
    () => undefined, (error: unknown) => error as { readonly code: number; readonly stderr: string },
  );
  assert.match(failed?.stderr ?? "", /Code {2}STATE_NEWER/);
});
