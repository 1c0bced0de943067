/** The build of the page as starts and tests meet it: several at once, in processes of their own, while a gateway serves. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");

/** Builds in a process of its own, as `npm start` does. */
function build(clone: string): Promise<{ readonly code: number | null; readonly err: string; readonly out: string }> {
  const ui = pathToFileURL(join(root, "scripts", "ui.ts")).href;
  const program = `const { fresh } = await (await import(${JSON.stringify(ui)})).buildUi(${JSON.stringify(clone)}); console.log(fresh);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out: out.trim(), err })));
}

/** What a gateway would fail to serve at this moment, by the manifest that stands there. */
function missingNow(dist: string): readonly string[] {
  const text = (file: string): string => readFileSync(join(dist, file), "utf8");
  const { files } = JSON.parse(text("manifest.json")) as { readonly files: Readonly<Record<string, unknown>> };
  const missing = Object.keys(files).filter((name) => !existsSync(join(dist, "assets", name)));
  // Built once more between the two looks: what is named now is there.
  const stillNamed = missing.filter((name) => text("manifest.json").includes(`"${name}"`));
  return existsSync(join(dist, "index.html")) ? stillNamed : [...stillNamed, "index.html"];
}

test("two builds of the page at once both end well, one of them builds, and whoever serves it finds all of it at every moment "
  + "(S3.13, S4.30)", async (t) => {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const clone = mkdtempSync(join(root, ".cache", "page-test-"));
  t.after(() => rmSync(clone, { recursive: true, force: true }));
  const dist = join(clone, "ui", "dist");
  for (const part of ["ui", "protocol", "package-lock.json"]) {
    cpSync(join(root, part), join(clone, part), { recursive: true, filter: (path) => !/^(?:dist|node_modules)/.test(basename(path)) });
  }
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  const first = await Promise.all([build(clone), build(clone)]);
  assert.deepEqual(first.map(({ code, err }) => ({ code, err })), [1, 2].map(() => ({ code: 0, err: "" })));
  assert.deepEqual(first.map(({ out }) => out).sort(), ["false", "true"]);

  const before = readdirSync(join(dist, "assets"));
  mkdirSync(join(clone, "ui", "dist.4194305"));
  appendFileSync(join(clone, "ui", "style", "main.css"), ".x { color: red }\n");
  const again = Promise.all([build(clone), build(clone)]);
  let over = false;
  void again.then(() => (over = true));
  for (let looks = 0; !over; looks++) {
    assert.deepEqual(missingNow(dist), []);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual((await again).map(({ code, err }) => ({ code, err })), [1, 2].map(() => ({ code: 0, err: "" })));
  assert.notDeepEqual(readdirSync(join(dist, "assets")), before);
  assert.deepEqual(missingNow(dist), []);
  const { files } = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8")) as { readonly files: Readonly<Record<string, unknown>> };
  assert.equal(readdirSync(join(dist, "assets")).length, Object.keys(files).length * 3, "and nothing of the build before is left");
  assert.deepEqual(readdirSync(join(clone, "ui")).filter((name) => name.startsWith("dist")), ["dist"]);
});
