import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ERRORS } from "../protocol/errors.ts";
import { METHODS } from "../protocol/methods.ts";
import { findStalePages, formatPages } from "./docs.ts";
import { formatConfigPage } from "./docs/config-page.ts";
import { formatTable } from "./docs/markdown.ts";
import { formatSchema } from "./docs/schema-notation.ts";

const root = join(import.meta.dirname, "..");

test("every code, exit code and method stands on its page", async () => {
  const pages = new Map((await formatPages(root)).map(({ file, text }) => [file, text]));
  for (const [code, { exit, next }] of Object.entries(ERRORS)) {
    const row = pages.get("docs/errors.md")?.split("\n").find((line) => line.startsWith(`| \`${code}\` `)) ?? "";
    assert.ok(row.includes(next.replaceAll("|", "\\|")) && row.includes(` ${exit} `), code);
  }
  for (const name of Object.keys(METHODS)) assert.ok(pages.get("docs/protocol.md")?.includes(`\n### \`${name}\`\n`), name);
});

test("a page is stale when it is missing, and when a character of it changed", async () => {
  const clone = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    mkdirSync(join(clone, "docs"));
    assert.deepEqual((await findStalePages(clone)).map(({ file }) => file), ["docs/errors.md"]);
    const [page] = await formatPages(clone);
    writeFileSync(join(clone, "docs", "errors.md"), page!.text);
    assert.deepEqual(await findStalePages(clone), []);
    writeFileSync(join(clone, "docs", "errors.md"), `${page!.text} `);
    assert.equal((await findStalePages(clone)).length, 1);
  } finally {
    rmSync(clone, { recursive: true });
  }
});

test("a schema reads as a TypeScript type", () => {
  const properties = { a: { type: "string" }, "b-c": { type: "array", items: { enum: ["x", 1] } } } as const;
  assert.equal(formatSchema({ type: "object", required: ["a"], properties }), `{ a: string; "b-c"?: ("x" | 1)[] }`);
  assert.equal(formatSchema({ type: "object", additionalProperties: { type: "integer" } }), "Record<string, integer>");
  assert.equal(formatSchema({ type: ["string", "null"] }), "string | null");
  assert.equal(formatSchema({}), "unknown");
});

test("every key of the configuration has a row with type, default and bounds", () => {
  const port = { type: "integer", minimum: 1, maximum: 65_535, default: 18_789, description: "Where it listens." } as const;
  const page = formatConfigPage({
    type: "object",
    properties: {
      gateway: { type: "object", description: "The port.", properties: { port } },
      agents: { type: "object", additionalProperties: { type: "object", properties: { key: { type: "string", secret: true } } } },
    },
  });
  assert.match(page, /\| `gateway\.port` +\| `integer` +\| `18789` +\| Where it listens\. 1 to 65,535\. +\|/);
  assert.match(page, /\| `agents\.<name>\.key` +\| `string` +\| +\| \*Secret\.\* +\|/);
});

test("a bar inside a cell does not end the cell", () => {
  assert.match(formatTable(["a"], [["x | y"]]), /\| x \\\| y \|/);
});
