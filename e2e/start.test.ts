import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openRealGateway, PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";

/** What a gateway has no use for until somebody asks it for something. */
const LATE = [
  "core/app/doctor", "core/cognition/runtime/model-step.ts", "core/cognition/runtime/replay-session.ts",
  "core/cognition/runtime/run-turn.ts", "core/control/gateway/dashboard/answer-page.ts", "core/control/schedule/open-scheduler.ts",
  "core/control/sessions/fork-session.ts", "core/control/sessions/replay-log.ts", "core/execution/intents/open-actuators.ts",
  "core/execution/node-host/open-node-host.ts", "core/fabric/engine/inspect-database.ts",
  "core/fabric/engine/memory-engine.ts", "core/fabric/engine/salvage-database.ts",
  "extensions/actuators/", "extensions/providers/", "extensions/tokenizers/", "node_modules/@humanwhocodes/", "node_modules/ajv/",
  "node_modules/croner/", "node_modules/js-tiktoken/", "node_modules/postgres/",
];
/** Each costs a start a third of a millisecond, and four times that where nothing is cached. */
const FILES_MAX = 380;

/** Runs before the program: the file it is told gets a line for each file that is loaded. */
const WITNESS = `import { appendFileSync } from "node:fs"; import { registerHooks } from "node:module";
registerHooks({ load: (url, context, next) => (appendFileSync(process.env.WITNESS_FILE, url + "\\n"), next(url, context)) });`;

test("a start loads what the first message needs, and the rest when it is first used (S0.7)", async (t) => {
  const witness = await openWitness();
  const gateway = await openRealGateway({ bare: true, env: witness.env });
  t.after(() => gateway.dispose());
  const { client, until } = await gateway.connect();
  while (!(await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).ok) await new Promise(setImmediate);
  // On a machine that is busy the lobby opens, and is no part of a start that is not.
  const atStart = (await witness.loaded()).filter((file) => file !== "core/control/gateway/open-lobby.ts");
  assert.deepEqual(atStart.filter((file) => LATE.some((late) => file.startsWith(late))), []);
  assert.ok(atStart.includes("core/control/gateway/open-gateway.ts"), "the witness sees what is loaded");
  assert.ok(atStart.length <= FILES_MAX, `${atStart.length} files`);

  await client.request("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "first" });
  await until(({ event, payload }) => event === "chat" && (payload as { readonly state: string }).state === "final");
  const afterTurn = await witness.loaded();
  for (const used of ["core/cognition/runtime/run-turn.ts", "extensions/providers/demo/index.ts"]) {
    assert.ok(afterTurn.includes(used), used);
  }
  assert.ok(!afterTurn.includes("core/control/schedule/open-scheduler.ts"));
  await client.request("cron.list", {});
  assert.ok((await witness.loaded()).includes("core/control/schedule/open-scheduler.ts"));

  async function openWitness(): Promise<{ readonly env: Record<string, string>; loaded(): Promise<readonly string[]> }> {
    const dir = await mkdtemp(join(tmpdir(), "openclaw-witness-"));
    t.after(() => rm(dir, { recursive: true, force: true }));
    const file = join(dir, "loaded");
    return {
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(WITNESS)}`, WITNESS_FILE: file },
      loaded: async () => {
        const urls = (await readFile(file, "utf8")).split("\n").filter((url) => url.startsWith("file:"));
        return [...new Set(urls.map((url) => new URL(url).pathname.slice(PROGRAM_ROOT.length + 1)))];
      },
    };
  }
});
