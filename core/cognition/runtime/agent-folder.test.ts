import assert from "node:assert/strict";
import { test } from "node:test";
import type { Intent } from "@openclaw/sdk";
import { inFolder, isOfItself } from "./agent-folder.ts";

const zed = { own: "zed", others: ["", "ann"] };
const main = { own: "", others: ["zed", "ann"] };

test("an agent's paths start in its own folder and lead into nobody else's (S4.13)", () => {
  const path = (given: string | undefined, folders = zed, root: string | undefined = "/w"): unknown =>
    inFolder("file.read", given === undefined ? {} : { path: given }, folders, root)?.["path"] ?? null;
  assert.deepEqual(["a.txt", "./b/../a", "sub/c", undefined, "/w/zed/x", "/etc/hosts"].map((given) => path(given)), [
    "zed/a.txt", "zed/a", "zed/sub/c", "zed", "zed/x", "/etc/hosts",
  ]);
  for (const given of ["../SOUL.md", "..", "../../x", "sub/../../ann/x", "/w/ann/x", "/w/zed/../SOUL.md", "/w", "/w/zedd"]) {
    assert.equal(inFolder("file.write", { path: given }, zed, "/w"), undefined, given);
  }
  assert.deepEqual(["a.txt", "sub/a"].map((given) => path(given, main)), ["a.txt", "sub/a"]);
  for (const given of ["zed/x", "./zed", "sub/../ann/x", "/w/zed/x"]) {
    assert.equal(inFolder("file.read", { path: given }, main, "/w"), undefined, given);
  }
});

test("programs of an agent start in its folder (S4.13)", () => {
  const cwd = (params: Readonly<Record<string, unknown>>, folders = zed): unknown => inFolder("system.run", params, folders, "/w")?.["cwd"];
  assert.deepEqual([cwd({}), cwd({ cwd: "sub" }), cwd({ cwd: "/tmp" }), cwd({}, main)], ["/w/zed", "/w/zed/sub", "/tmp", undefined]);
});

test("what an agent is told of itself, its notes and its skills are known by their names wherever they lie (S2.38)", () => {
  const write = (path: string): Intent => (
    { actuator: "node", effect: "idempotent", target: { command: "file.write" }, command: "file.write", params: { path }, summary: "" }
  );
  for (const path of ["SOUL.md", "soul.MD", "zed/AGENTS.md", "./a/../USER.md", "memory/1.md", "zed/memory/x", "skills/a/SKILL.md"]) {
    assert.equal(isOfItself(write(path)), true, path);
  }
  for (const path of ["notes.md", "soul.txt", "src/memory.ts"]) assert.equal(isOfItself(write(path)), false, path);
});
