import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { listFiles } from "../source/files.ts";
import { findBrokenLinks, formatBrokenLinks } from "./links.ts";

test("every link of the clone's pages leads somewhere", () => {
  const root = dirname(dirname(import.meta.dirname));
  assert.equal(formatBrokenLinks(findBrokenLinks(root, listFiles(root))), "");
});

test("a link to no file, to no heading or out of the clone is found, with its line; code and addresses are left alone", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "openclaw-links-"));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(join(root, "docs"));
  const page = [
    "# Here", "", "[there](docs/there.md) [part](docs/there.md#how-it-ends-1) [own](#here) [site](https://example.org/x)",
    "[gone](docs/gone.md) and [lost](docs/there.md#nowhere)", "```", "[in code](nothing.md)", "```", "`[quoted](nothing.md)`",
    "![picture](docs/picture.svg)", "[up](../up.md)",
  ];
  await writeFile(join(root, "README.md"), page.join("\n"));
  await writeFile(join(root, "docs/there.md"), "## How it ends\n## How it `ends`\n[back](../README.md)\n");
  const found = findBrokenLinks(root, ["README.md", "docs/there.md"]).map(({ file, line, target }) => `${file}:${line} ${target}`);
  assert.deepEqual(found, [
    "README.md:4 docs/gone.md", "README.md:4 docs/there.md#nowhere", "README.md:9 docs/picture.svg", "README.md:10 ../up.md",
  ]);
});
