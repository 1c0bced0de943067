/** Files that a configuration includes: what they say together, what is refused, and that they are followed and never written. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { editText } from "./edit-text.ts";
import { INCLUDE_LIMITS } from "./include-files.ts";
import type { LoadedConfig } from "./config-values.ts";
import { loadConfig } from "./load-config.ts";
import { openConfig } from "./open-config.ts";

const any = { additionalProperties: true } as const;
const number = { type: "integer", maximum: 9 } as const;
const schema = { type: "object", properties: { a: any, b: any, n: number, list: { type: "array", items: number } } } as const;

async function setUp(t: TestContext, files: Readonly<Record<string, string>>) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-include-"));
  t.after(() => rm(dir, { recursive: true }));
  const write = async (name: string, text: string): Promise<void> => {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), text, { mode: 0o600 });
  };
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const path = join(dir, "state/openclaw.json");
  const load = (environment: Readonly<Record<string, string>> = {}): Promise<LoadedConfig> => loadConfig({ path, schema, environment });
  const refused = async (words: RegExp): Promise<void> => {
    const { issues, config } = await load();
    assert.equal(config, undefined);
    assert.match(issues[0]?.message ?? "", words);
  };
  return { dir, path, load, write, refused };
}

test("one file takes the place of its object, several are merged in order, keys beside win, files include files "
  + "(S4.31, W.10.8)", async (t) => {
  const { load, dir } = await setUp(t, {
    "state/openclaw.json": `{ $include: "./base.json5", n: 2, b: { $include: ["./one.json5", "parts/two.json5"], own: 1 } }`,
    "state/base.json5": "// base\n{ n: 1, a: { from: 'base' }, list: { $include: 'list.json5' } }",
    "state/list.json5": "[1, 2]",
    "state/one.json5": "{ x: 1, own: 0, list: ['a'] }",
    "state/parts/two.json5": "{ x: 2, list: ['b'], deep: { $include: '../deep.json5' } }",
    "state/deep.json5": "{ y: '${NAME}' }",
  });
  const { config, issues, included, own } = await load({ NAME: "filled" });
  assert.deepEqual(issues, []);
  assert.deepEqual(config, {
    n: 2, a: { from: "base" }, list: [1, 2], b: { x: 2, own: 1, list: ["a", "b"], deep: { y: "filled" } },
  });
  assert.deepEqual(included.map(({ at, path }) => [at, path.slice(dir.length + 1)]), [
    ["b", "state/one.json5"], ["b", "state/parts/two.json5"], ["b.deep", "state/deep.json5"], ["", "state/base.json5"],
    ["list", "state/list.json5"],
  ]);
  assert.equal((own["b"] as Record<string, unknown>)["own"], 1);
});

test("a complaint names the file it is about, and its line there", async (t) => {
  const { load, dir } = await setUp(t, {
    "state/openclaw.json": `{\n n: 1,\n list: { $include: "./list.json5" } }`, "state/list.json5": "[\n 1,\n 77 ]",
  });
  const [issue] = (await load()).issues;
  assert.deepEqual([issue?.file, issue?.line, issue?.path, issue?.message], [
    join(dir, "state/list.json5"), 3, "list[1]", "must be at most 9; it is 77",
  ]);
});

test("nothing outside the configuration's directory is read, by no name and no link, unless it is in a root that was named "
  + "(S0.4, W.10.9)", async (t) => {
  const { dir, load, refused, write } = await setUp(t, { "state/openclaw.json": "{}", "outside.json5": "{ secret: 1 }" });
  await symlink(join(dir, "outside.json5"), join(dir, "state/link.json5"));
  for (const name of ["../outside.json5", "./x/../../outside.json5", join(dir, "outside.json5"), "/etc/passwd", "link.json5"]) {
    await write("state/openclaw.json", JSON.stringify({ a: { $include: name } }));
    await refused(/^includes .+, which is outside .+; OPENCLAW_INCLUDE_ROOTS names further directories$/);
  }
  for (const name of ["x\0y", "", 5, null, { x: 1 }]) {
    await write("state/openclaw.json", JSON.stringify({ a: { $include: name } }));
    await refused(/^includes something that is no path$/);
  }
  await write("state/openclaw.json", JSON.stringify({ a: { $include: "x".repeat(4_096) } }));
  await refused(/a path of 4096 characters or more/);
  await write("state/openclaw.json", "{ a: { $include: '../outside.json5' } }");
  assert.deepEqual((await load({ OPENCLAW_INCLUDE_ROOTS: `relative:${dir}` })).config, { a: { secret: 1 } });
});

test("what is missing, broken, too large, too deep, or includes itself is said, with the way it came (S3.2)", async (t) => {
  const { dir, load, refused, write } = await setUp(t, { "state/openclaw.json": "{ n: 3, a: { $include: './a.json5', kept: 1 } }" });
  await refused(/^includes .*\/state\/a\.json5, which is not there$/);
  assert.deepEqual((await load()).source, { n: 3, a: { kept: 1 } }, "the rest is known");
  await write("state/a.json5", "{ broken");
  await refused(/a\.json5, where 1:\d+ is not JSON5/);
  await write("state/a.json5", "[1]");
  await refused(/^includes a file that holds no object, and has keys of its own$/);
  await write("state/a.json5", "{ b: { $include: './b.json5' } }");
  await write("state/b.json5", "{ c: { $include: './a.json5' } }");
  await refused(/^includes itself: .*\/a\.json5 → .*\/b\.json5 → .*\/a\.json5$/);
  await write("state/b.json5", `{ x: "${"x".repeat(INCLUDE_LIMITS.fileBytes)}" }`);
  await refused(/b\.json5, which is larger than 2097152 bytes/);
  for (let at = 0; at <= 11; at += 1) await write(`state/deep-${at}.json5`, `{ d: { $include: './deep-${at + 1}.json5' } }`);
  await write("state/openclaw.json", "{ a: { $include: './deep-0.json5' } }");
  await refused(/deep-10\.json5, more than 10 files deep/);
  await write("state/many.json5", "{}");
  await write("state/openclaw.json", JSON.stringify({ a: { $include: Array.from({ length: 65 }, () => "./many.json5") } }));
  await refused(/more than 64 files/);
  assert.ok(dir);
});

test("an edit never writes through an include: it names the file, and what stands beside is edited (W.10.10)", async () => {
  const text = "{ n: 1, a: { $include: ['./a.json5', './b.json5'] } }";
  assert.equal(await editText(text, [{ at: ["n"], value: 2 }]), text.replace("1", "2"));
  for (const at of [["a"], ["a", "x"], ["a", "x", "y"]]) {
    await assert.rejects(editText(text, [{ at, value: 1 }]), (error: Error) =>
      hasCode(error, "CONFIG_INCLUDED") && error.message.includes('comes from ./a.json5, ./b.json5, which "a" includes'));
  }
  await assert.rejects(editText("{ $include: 'x' }", [{ at: ["n"], value: 2 }]), (error) => hasCode(error, "CONFIG_INCLUDED"));
});

test("a change of an included file takes effect like one of the file itself, also of one that was not there (W.10.8)", async (t) => {
  const { path, write, dir } = await setUp(t, {
    "state/openclaw.json": "{ a: { $include: './parts/a.json5' } }", "state/parts/a.json5": "{ x: 1 }",
  });
  const clock = new VirtualClock();
  await using config = await openConfig({ path, stateDir: join(dir, "state"), schema, clock });
  const advance = setInterval(() => void clock.advance(100), 5);
  t.after(() => clearInterval(advance));
  const next = (): Promise<unknown> => new Promise((resolve) => {
    const ends = [config.onTaken(() => done(config.values)), config.onRefused(([issue]) => done(issue?.message))];
    const done = (what: unknown): void => {
      for (const end of ends) end();
      resolve(what);
    };
  });
  const first = next();
  await write("state/parts/a.json5", "{ x: 2 }");
  assert.deepEqual(await first, { a: { x: 2 } });
  const gone = next();
  await rm(join(dir, "state/parts/a.json5"));
  assert.match(String(await gone), /which is not there/);
  assert.deepEqual(config.values, { a: { x: 2 } });
  const back = next();
  await write("state/parts/a.json5", "{ x: 3 }");
  assert.deepEqual(await back, { a: { x: 3 } });
  assert.deepEqual(JSON.parse(await readFile(join(dir, "state/openclaw.last-good.json"), "utf8")), { a: { x: 3 } });
});
