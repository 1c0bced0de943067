import assert from "node:assert/strict";
import { test } from "node:test";
import { checkCode } from "./tidy/code.ts";
import { checkDoorOpens, checkShape } from "./tidy/shape.ts";
import { checkText, isLong } from "./tidy/text.ts";

const found = (file: string, source: string): string[] =>
  checkCode(file, source).map(({ line, what }) => `${line} ${what.split(/[:;]/)[0] ?? ""}`);
const shape = (...paths: string[]): string[] => checkShape(paths).map(({ file }) => file);

test("a name that says nothing is refused for files and folders, and a drop-in's entry is not", () => {
  assert.deepEqual(shape("core/base/utils.ts", "core/base/ids.ts", "core/fabric/bus.ts", "core/fabric/bus/helpers/a.ts"),
    ["core/base/utils.ts", "core/fabric/bus/helpers/a.ts"]);
  assert.deepEqual(shape("core/app/index.ts", "extensions/tools/echo/index.ts", "sdk/string-utils.ts", "core/app/types.test.ts"),
    ["core/app/index.ts", "sdk/string-utils.ts", "core/app/types.test.ts"]);
});

test("file names are kebab-case, documents of the root aside", () => {
  assert.deepEqual(shape("core/base/runTurn.ts", "core/base/run_turn.ts", "core/base/run-turn.ts", "README.md", "docs/Guide.md"),
    ["core/base/runTurn.ts", "core/base/run_turn.ts", "docs/Guide.md"]);
});

test("a module has a folder and a door, and the door says what the module is", () => {
  assert.deepEqual(shape("core/fabric/bus.ts", "core/fabric/journal/fold.ts", "core/fabric/vault.ts", "core/fabric/vault/seal.ts"),
    ["core/fabric/journal/", "core/fabric/bus.ts"]);
  assert.equal(checkDoorOpens("core/fabric/vault.ts", "export * from './vault/seal.ts';").length, 1);
  assert.equal(checkDoorOpens("core/fabric/vault.ts", "/**\n * Secrets.\n */").length, 0);
});

test("decision records have a number each of its own", () => {
  assert.deepEqual(shape("docs/decisions/0001-a.md", "docs/decisions/0001-b.md", "docs/decisions/0002-c.md", "docs/decisions/d.md"),
    ["docs/decisions/0001-b.md", "docs/decisions/d.md"]);
});

test("the console is silent in core, and a method of that name is nobody's business", () => {
  assert.deepEqual(found("core/base/a.ts", "console.log(1);\n// console.log\nx.console.y; const s = 'console.log';"),
    ["1 nothing here writes to the console"]);
  assert.deepEqual(found("scripts/a.ts", "console.log(1);"), []);
});

test("the any type is found where a type stands, and nowhere else", () => {
  for (const source of ["let a: any = 1;", "f(b as any);", "let c: Array<any>;", "type D = string | any;", "function e(x: any[]) {}"]) {
    assert.deepEqual(found("core/base/a.ts", source), ["1 no any"], source);
  }
  const fine = ["AbortSignal.any([a]);", "const o = { any: 1 };", "const role = \"any\";", "const many = anything;", "// any: any"];
  for (const source of fine) {
    assert.deepEqual(found("core/base/a.ts", source), [], source);
  }
});

test("a non-null assertion is told from a negation", () => {
  for (const source of ["a!.b;", "f(a!);", "a[0]!;", "return g()!;", "const h = map.get(1)! + 1;", "call!(x);"]) {
    assert.deepEqual(found("core/base/a.ts", source), ["1 no non-null assertion"], source);
  }
  const fine = ["if (!a) b;", "return !a;", "a !== b;", "a != b;", "if (a) !b;", "x && !y;", "f(!a, !b);", "a\n!b;", "const c = !(d);"];
  for (const source of fine) {
    assert.deepEqual(found("core/base/a.ts", source), [], source);
  }
  assert.deepEqual(found("core/base/a.test.ts", "a!.b;"), []);
});

test("a test is skipped only by saying what it needs", () => {
  const refused = [
    "test.skip('a b', f);", "it.only('a b', f);", "test('a b', { skip: true }, f);", "test('a b', { todo: 'x' }, f);", "t.skip();",
  ];
  for (const source of refused) {
    assert.deepEqual(found("core/base/a.test.ts", source).length, 1, source);
  }
  const fine = ["test('a b', needs('root'), f);", "test('a b', { skip: why }, f);", "reader.skip(4);", "test('a b', { only: false }, f);"];
  for (const source of fine) {
    assert.deepEqual(found("core/base/a.test.ts", source), [], source);
  }
});

test("the name of a test is a sentence", () => {
  const source = "test('works', f);\ntest('it works', f);\nexpression.test('works');";
  assert.deepEqual(found("core/base/a.test.ts", source), ["1 \"works\" is no sentence"]);
});

test("only drop-ins have a default export", () => {
  assert.deepEqual(found("core/base/a.ts", "export default 1;"), ["1 only drop-ins have a default export"]);
  assert.deepEqual(found("extensions/tools/echo/index.ts", "export default 1;"), []);
});

test("unfinished work, one machine's paths and registries are found in any text", () => {
  const lines = (source: string): number[] => checkText("docs/a.md", source).map(({ line }) => line);
  const text = [
    "fine", `${"TO" + "DO"} later`, `see /${"ro" + "ot"}/x`, `https://${"registry.np" + "mjs"}.org/`, `workspace/${"wo" + "rk"}/main`,
  ];
  assert.deepEqual(lines(text.join("\n")), [2, 3, 4]);
});

test("a line holds 140 characters; rows of tables may be wider", () => {
  const wide = "x".repeat(141);
  const lines = (file: string, source: string): number => checkText(file, source).length;
  assert.equal(lines("core/base/a.ts", `const a = ${wide};`), 1);
  assert.equal(lines("core/base/a.ts", `  FULL: { text: "${wide}" },`), 0);
  assert.equal(lines("docs/a.md", `| ${wide} |`), 0);
  assert.equal(lines("docs/a.md", wide), 1);
  assert.equal(isLong("core/base/a.ts", "\n".repeat(401)), true);
  assert.equal(isLong("core/base/a.ts", "\n".repeat(390)), false);
});
