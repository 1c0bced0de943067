import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { checkLayers, ROOMS, STARTS_PROCESSES } from "./layers.ts";

/** A repository of these files; gives each violation as `file: rule`. */
function violationsOf(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), "layers-"));
  try {
    for (const [path, text] of Object.entries({ "package.json": "{}", ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkLayers(root).map(({ file, rule }) => `${file}: ${rule}`);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const journal = { "core/fabric/journal.ts": `export * from "./journal/fold.ts";`, "core/fabric/journal/fold.ts": "export const fold = 1;" };

test("the order of the modules is the house's, bottom to top", () => {
  const names = ROOMS.map(({ room }) => room);
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.indexOf("engine") < names.indexOf("journal"));
  assert.ok(names.indexOf("journal") < names.indexOf("sandbox"));
  assert.ok(names.indexOf("nodes") < names.indexOf("tools"));
  assert.ok(names.indexOf("runtime") < names.indexOf("sessions"));
  assert.equal(names.at(-1), "gateway");
});

test("a module imports its own files, base, packages and the doors below it", () => {
  assert.deepEqual(violationsOf({
    ...journal,
    "core/package.json": `{ "dependencies": { "ws": "1.0.0" } }`,
    "core/base/clock.ts": `import type { Infer } from "@openclaw/protocol"; export type Clock = Infer<1>;`,
    "core/control/gateway/serve.ts": `
      import { readFile } from "node:fs";
      import ws from "ws";
      import { fold } from "../../fabric/journal.ts";
      import type { Clock } from "../../base/clock.ts";
      import { ERRORS } from "@openclaw/protocol";
      import { connect } from "@openclaw/protocol/client";
    `,
    "core/app/main.ts": `await import("../control/gateway.ts"); import(path);`,
    "core/control/gateway.ts": `export * from "./gateway/serve.ts";`,
    "core/control/gateway/serve.test.ts": `
      import "../gateway.ts";
      import "@openclaw/testkit/virtual-clock.ts";
      import "../../../testkit/skip.ts";
    `,
  }), []);
});

test("imports look down, types included", () => {
  const files = { ...journal, "core/fabric/engine/open.ts": `import type { A } from "../journal.ts";`, "core/fabric/engine.ts": "" };
  assert.deepEqual(violationsOf(files), ["core/fabric/engine/open.ts: imports look down: fabric/journal stands above fabric/engine"]);
});

test("only the node host and the local node's starter begin processes: the gateway never does the work (S0.1, S3.6)", () => {
  const spawning = `import { spawn } from "node:child_process"; export const run = spawn;`;
  const rule = `only ${STARTS_PROCESSES.join(" and ")} start processes`;
  assert.deepEqual(violationsOf({ "core/execution/node-host/run.ts": spawning, "core/app/local-node/launch.ts": spawning }), []);
  assert.deepEqual(violationsOf({ "core/control/gateway/run.ts": spawning, "core/app/run.ts": spawning }), [
    `core/app/run.ts: ${rule}`,
    `core/control/gateway/run.ts: ${rule}`,
  ]);
});

test("another module is entered by its door, whatever the form of the import", () => {
  const forms = [`import "X";`, `export * from "X";`, `type A = import("X").A;`, `await import("X");`, `new URL("X", import.meta.url);`];
  for (const form of forms) {
    const source = form.replace("X", "../../fabric/journal/fold.ts");
    assert.deepEqual(violationsOf({ ...journal, "core/control/gateway/serve.ts": source }),
      ["core/control/gateway/serve.ts: another module is entered by its door, core/fabric/journal.ts"], form);
  }
});

test("what a module keeps for tests alone may be entered by scripts and the tests of those above it", () => {
  const files = { ...journal, "core/fabric/journal/world.testing.ts": "", "core/fabric/journal/fold.test.ts": "" };
  const inside = `import "../../fabric/journal/world.testing.ts";`;
  const rule = "another module is entered by its door, core/fabric/journal.ts";
  assert.deepEqual(violationsOf({ ...files, "core/control/gateway/serve.test.ts": inside }), []);
  assert.deepEqual(violationsOf({ ...files, "core/control/gateway/serve.ts": inside }), [`core/control/gateway/serve.ts: ${rule}`]);
  assert.deepEqual(violationsOf({ ...files, "core/control/gateway/serve.test.ts": `import "../../fabric/journal/fold.test.ts";` }),
    [`core/control/gateway/serve.test.ts: ${rule}`]);
  assert.deepEqual(violationsOf({ ...files, "scripts/long.ts": `import "../core/fabric/journal/world.testing.ts";` }), []);
  assert.deepEqual(violationsOf({ ...files, "core/fabric/engine/x.test.ts": `import "../journal/world.testing.ts";` }),
    ["core/fabric/engine/x.test.ts: imports look down: fabric/journal stands above fabric/engine"]);
});

test("a module never imports its own door, and nobody imports app", () => {
  assert.deepEqual(violationsOf({
    ...journal,
    "core/fabric/journal/fold.ts": `import "../journal.ts"; import "../../app/main.ts";`,
    "core/app/main.ts": "",
  }).slice(0, 2), [
    "core/fabric/journal/fold.ts: a module never imports its own door",
    "core/fabric/journal/fold.ts: nobody imports app; hand the value down at composition",
  ]);
});

test("the places around core keep their distance", () => {
  assert.deepEqual(violationsOf({
    ...journal,
    "core/fabric/bus/a.ts": `import "@openclaw/testkit/a.ts"; import "../../../protocol/errors.ts"; import "../../../scripts/docs.ts";`,
    "extensions/tools/echo/index.ts": `import type { Tool } from "@openclaw/sdk"; import { ERRORS } from "@openclaw/protocol";`,
    "core/fabric/bus/b.ts": `import "../../../extensions/tools/echo/index.ts"; import(name);`,
    "protocol/a.ts": `import "node:fs"; import type { A } from "@openclaw/sdk";`,
    "sdk/a.ts": `import { ERRORS } from "@openclaw/protocol";`,
    "testkit/a.ts": `import type { Clock } from "../core/base/clock.ts";`,
    "e2e/a.test.ts": `import "../core/app/main.ts"; import "@openclaw/testkit/a.ts";`,
    "core/fabric/strange/a.ts": "",
  }), [
    "core/fabric/bus/a.ts: only tests import testkit",
    "core/fabric/bus/a.ts: protocol is entered by its package name, @openclaw/protocol",
    "core/fabric/bus/a.ts: nobody imports scripts",
    "core/fabric/bus/b.ts: nobody imports a drop-in by name; core finds them by folder",
    "core/fabric/bus/b.ts: a computed path cannot be checked; only app finds drop-ins by folder",
    "core/fabric/strange/a.ts: scripts/layers/rooms.ts lists them all",
    "e2e/a.test.ts: e2e imports testkit and protocol, never core's inside",
    "extensions/tools/echo/index.ts: a drop-in imports types of sdk and protocol, and @openclaw/sdk/model-wire",
    "protocol/a.ts: protocol runs in a browser",
    "protocol/a.ts: protocol imports nothing outside itself",
    "sdk/a.ts: sdk imports types of protocol only",
    "testkit/a.ts: testkit imports protocol and sdk, never core",
  ]);
});

test("a package that the nearest manifest does not declare is not imported, though npm would find it", () => {
  const files = { "core/package.json": "{}", "package.json": `{ "dependencies": { "ws": "1.0.0" } }`, "core/base/a.ts": `import "ws";` };
  assert.deepEqual(violationsOf(files), ["core/base/a.ts: the nearest package.json does not declare it"]);
});

test("a ring of files inside one module is found, type imports included", () => {
  const files = {
    "core/fabric/bus.ts": `export * from "./bus/a.ts";`,
    "core/fabric/bus/a.ts": `import "./b.ts";`,
    "core/fabric/bus/b.ts": `import "./c.ts";`,
    "core/fabric/bus/c.ts": `import type { A } from "./a.ts";`,
  };
  assert.deepEqual(violationsOf(files), ["core/fabric/bus/a.ts: no cycle, not even of types"]);
});
