import assert from "node:assert/strict";
import { test } from "node:test";
import { importsOf } from "./imports.ts";
import { tokenize } from "./tokens.ts";

const specifiers = (source: string): unknown[] => importsOf(source).map((one) => one.specifier);

test("every form of import is seen, with its line and whether it is erased", () => {
  const source = `
import "./a.ts";
import b, { type C } from "./b.ts";
import type { D } from "./d.ts";
import * as e from './e.ts';
export { f } from "./f.ts";
export * from "./g.ts";
export * as h from "./h.ts";
export type { I } from "./i.ts";
const j: import("./j.ts").J = await import("./k.ts");
const l = require("./l.cjs");
new Worker(new URL("./m.ts", import.meta.url));
import {
  n,
} from "./n.ts";
`;
  assert.deepEqual(importsOf(source).map((one) => [one.specifier, one.line, one.kind, one.typeOnly]), [
    ["./a.ts", 2, "static", false], ["./b.ts", 3, "static", false], ["./d.ts", 4, "static", true], ["./e.ts", 5, "static", false],
    ["./f.ts", 6, "re-export", false], ["./g.ts", 7, "re-export", false], ["./h.ts", 8, "re-export", false],
    ["./i.ts", 9, "re-export", true], ["./j.ts", 10, "dynamic", false], ["./k.ts", 10, "dynamic", false],
    ["./l.cjs", 11, "require", false], ["./m.ts", 12, "url", false], ["./n.ts", 13, "static", false],
  ]);
});

test("strings, comments, templates and regular expressions do not look like imports", () => {
  assert.deepEqual(specifiers(`
// import "./a.ts";
/* import "./b.ts"; */
const text = 'import "./c.ts"' + "import './d.ts'";
const template = \`import "./e.ts" \${nested(\`import "./f.ts"\`)} import "./g.ts"\`;
const pattern = /import "\\/h.ts" [/"'] /g;
const ratio = total / 2 / "import './i.ts'".length;
object.import("./j.ts");
const meta = import.meta.url;
export const from = "./k.ts";
export type { L };
`), []);
});

test("an import inside a template's substitution is seen", () => {
  assert.deepEqual(specifiers("const text = `a ${await import(\"./b.ts\")} } c`; import \"./d.ts\";"), ["./b.ts", "./d.ts"]);
});

test("a computed path is reported as one that cannot be read", () => {
  assert.deepEqual(specifiers("import(path); import(`./${name}.ts`); import(\"./a\" + name);"), [undefined, undefined, undefined]);
});

test("an unfinished string or comment ends with the file", () => {
  assert.equal(tokenize("const a = \"open").at(-1)?.text, "open");
  assert.equal(tokenize("a /* open").length, 1);
  assert.equal(tokenize("`open ${a").length > 0, true);
});
