import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import type { Tried } from "../../cognition/models.ts";
import type { LoadedConfig } from "../../fabric/config.ts";
import { connectModel, type ConnectModelDeps } from "./connect-model.ts";

const never = new AbortController().signal;
const WISH = { name: "mine", api: "openai-completions", url: "http://127.0.0.1:9/v1", model: "small", key: "sk-canary" } as const;

async function openWorld(t: TestContext, tried: Partial<Tried>, write?: () => Promise<never>) {
  const credentialsDir = await mkdtemp(join(tmpdir(), "openclaw-connect-"));
  t.after(() => rm(credentialsDir, { recursive: true, force: true }));
  const world = { text: "{}\n", asked: 0 };
  const deps: ConnectModelDeps = {
    credentialsDir, clock: systemClock, ids: systemIds,
    running: {
      write: async (change) => {
        world.text = await change({ text: world.text, exists: true, source: {} } as LoadedConfig);
        return write?.() as never;
      },
    },
    attempt: async () => {
      world.asked += 1;
      return { ok: true, model: "mine/small", tookMs: 1, ...tried };
    },
  };
  const kept = (): Promise<readonly string[]> => readdir(join(credentialsDir, "store")).catch(() => []);
  return { deps, world, kept, store: join(credentialsDir, "store") };
}

test("a model is asked first, and of one that does not answer nothing is kept; a person may want it all the same (S3.13)", async (t) => {
  const error = { code: "MODEL_AUTH", why: "It refused the key." } as const;
  const { deps, world, kept } = await openWorld(t, { ok: false, error });
  interface Failed { readonly added: boolean; readonly test: { readonly error: { readonly next: string } } }
  const failed = (await connectModel(deps, WISH, never)) as Failed;
  assert.equal(failed.added, false);
  assert.ok(failed.test.error.next.length > 0, "it says what to do");
  assert.deepEqual([world.text, await kept()], ["{}\n", []]);
  assert.deepEqual(await connectModel(deps, { ...WISH, untested: true }, never), { added: true, model: "mine/small" });
  assert.equal(world.asked, 1);
  assert.deepEqual(await kept(), ["models-providers-mine-apiKey"]);
});

test("its key goes to the store and never into the file; where the file cannot be written the key goes too (S3.13)", async (t) => {
  const good = await openWorld(t, {});
  await connectModel(good.deps, WISH, never);
  assert.doesNotMatch(good.world.text, /canary/);
  assert.match(good.world.text, /"?id"?: "?models-providers-mine-apiKey/);
  assert.equal((await readFile(join(good.store, "models-providers-mine-apiKey"), "utf8")).trim(), WISH.key);
  const full = await openWorld(t, {}, () => Promise.reject(new OpenClawError("DISK_FULL")));
  await assert.rejects(connectModel(full.deps, WISH, never), (error) => hasCode(error, "DISK_FULL"));
  assert.deepEqual(await full.kept(), []);
});

test("an address that is none, or that holds a password, is refused before anything is asked", async (t) => {
  const { deps, world } = await openWorld(t, {});
  for (const url of ["ftp://a", "http://me:secret@a/v1", "nowhere"]) {
    await assert.rejects(connectModel(deps, { ...WISH, url }, never), (error) => hasCode(error, "PARAMS_INVALID"), url);
  }
  assert.equal(world.asked, 0);
});
