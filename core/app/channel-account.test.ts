import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../base/ids.ts";
import { parseJson5, type LoadedConfig } from "../fabric/config.ts";
import { channelSetup } from "./channel-account.ts";

const TELEGRAM = { channel: "telegram", accountId: "default", secretKey: "botToken" } as const;
const WORK = { ...TELEGRAM, accountId: "work" } as const;

async function openWorld(t: TestContext) {
  const credentialsDir = await mkdtemp(join(tmpdir(), "openclaw-account-"));
  t.after(() => rm(credentialsDir, { recursive: true, force: true }));
  const world = { text: "{}\n", broken: false };
  const read = async (): Promise<unknown> => {
    const parsed = await parseJson5(world.text);
    return parsed.ok ? parsed.value : assert.fail(world.text);
  };
  const setup = channelSetup({
    credentialsDir, ids: systemIds,
    running: {
      write: async (change) => {
        const text = await change({ text: world.text, exists: true, source: await read() } as LoadedConfig);
        if (world.broken) throw new OpenClawError("DISK_FULL");
        world.text = text;
        return undefined as never;
      },
    },
  });
  const kept = (): Promise<readonly string[]> => readdir(join(credentialsDir, "store")).catch(() => []);
  const secret = async (id: string): Promise<string> => (await readFile(join(credentialsDir, "store", id), "utf8")).trim();
  return { world, read, setup, kept, secret };
}

const ref = (id: string) => ({ source: "store", provider: "default", id });

test("a messenger's secret goes to the store, its account to the configuration; a new one takes the old one's place (S1.7)", async (t) => {
  const { read, setup, kept, secret, world } = await openWorld(t);
  await setup.connect({ ...TELEGRAM, secret: "1:canary", dmPolicy: "pairing" });
  assert.deepEqual(await read(), {
    channels: { telegram: { enabled: true, botToken: ref("channels-telegram-botToken"), dmPolicy: "pairing" } },
  });
  assert.doesNotMatch(world.text, /canary/);
  assert.equal(await secret("channels-telegram-botToken"), "1:canary");
  await setup.connect({ ...TELEGRAM, secret: "1:canary" });
  assert.deepEqual(await kept(), ["channels-telegram-botToken"], "the same again is the same");
  await setup.connect({ ...TELEGRAM, secret: "2:canary" });
  assert.deepEqual(await kept(), ["channels-telegram-botToken-2"]);
  assert.match(world.text, /channels-telegram-botToken-2/);
});

test("what cannot be written keeps no secret, and takes none away (S1.7)", async (t) => {
  const { setup, kept, world } = await openWorld(t);
  world.broken = true;
  await assert.rejects(setup.connect({ ...TELEGRAM, secret: "1:canary" }), (error) => hasCode(error, "DISK_FULL"));
  assert.deepEqual(await kept(), []);
  world.broken = false;
  await setup.connect({ ...TELEGRAM, secret: "1:canary" });
  world.broken = true;
  await assert.rejects(setup.connect({ ...TELEGRAM, secret: "1:canary" }));
  await assert.rejects(setup.connect({ ...TELEGRAM, secret: "2:canary" }));
  await assert.rejects(setup.forget(TELEGRAM));
  assert.deepEqual(await kept(), ["channels-telegram-botToken"]);
});

test("an account is forgotten with its secret; others of its messenger stay as they were (S1.7)", async (t) => {
  const { read, setup, kept } = await openWorld(t);
  await setup.connect({ ...TELEGRAM, secret: "1:canary", dmPolicy: "allowlist" });
  await setup.connect({ ...WORK, secret: "2:canary" });
  assert.equal(await setup.forget({ ...TELEGRAM, accountId: "nobody" }), false);
  assert.equal(await setup.forget(TELEGRAM), true);
  assert.deepEqual(await read(), {
    channels: { telegram: {
      enabled: true, dmPolicy: "allowlist", accounts: { work: { enabled: true, botToken: ref("channels-telegram-work-botToken") } },
    } },
  });
  assert.deepEqual(await kept(), ["channels-telegram-work-botToken"]);
  assert.equal(await setup.forget(WORK), true);
  assert.deepEqual([await kept(), await read()], [[], { channels: {} }]);
  assert.equal(await setup.forget(TELEGRAM), false);
  await setup.connect({ ...TELEGRAM, secret: "1:canary" });
  await setup.connect({ ...WORK, secret: "2:canary" });
  assert.equal(await setup.forget(WORK), true);
  assert.deepEqual(await read(), { channels: { telegram: { enabled: true, botToken: ref("channels-telegram-botToken") } } });
});
