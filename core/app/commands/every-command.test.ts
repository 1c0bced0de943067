// Every command there is, run as a script would: with --json, without a person, in an empty state directory, no gateway up.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isGroup, type CommandSpec } from "./command.ts";
import { runHere } from "./run-here.testing.ts";
import { openclaw } from "./run-openclaw.testing.ts";
import { openScriptedGateway } from "./scripted-gateway.testing.ts";
import { COMMANDS } from "./table.ts";

/** They go on until they are stopped, or change this machine. */
const LEFT_OUT = new Set(["gateway run", "gateway start", "node start", "remote", "gateway advertise", "gateway discover", "onboard"]);
/** What they read out is the document, with nothing around it. */
const VALUES = new Set(["config get", "config schema", "gateway call"]);
const LEFT_OUT_NOUNS = new Set(["service", "tailscale", "runtime", "uninstall"]);

test("every command answers --json with one document on stdout and nothing on stderr, a failure as an envelope (S4.4)", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "openclaw-every-"));
  t.after(() => rm(home, { recursive: true, force: true }));
  const commands: { readonly path: readonly string[]; readonly spec: CommandSpec }[] = [];
  for (const { name, load } of COMMANDS) {
    const module = await load();
    if (LEFT_OUT_NOUNS.has(name)) continue;
    if (!isGroup(module)) commands.push({ path: [name], spec: module });
    else commands.push(...Object.entries(module.verbs).map(([verb, spec]) => ({ path: [name, verb], spec })));
  }
  for (const { path, spec } of commands) {
    const line = path.join(" ");
    if (LEFT_OUT.has(line)) continue;
    const words = (spec.words ?? []).filter((word) => word.required === true).map(() => "nothing-like-it");
    const options = (spec.options ?? []).filter((option) => option.required === true).flatMap((option) => [
      `--${option.name}`, option.kind === "integer" ? "1" : option.kind === "json" ? "{}" : "x",
    ]);
    const said = await runHere([...path, ...words, ...options, "--json", "--yes", "--timeout", "2000"], {
      HOME: home, OPENCLAW_GATEWAY_PORT: "1",
    });
    const document = JSON.parse(said.stdout) as { readonly ok?: unknown; readonly error?: Readonly<Record<string, unknown>> } | null;
    assert.equal(said.stderr, "", line);
    if (said.code === 0 && VALUES.has(line)) continue;
    assert.equal(document?.ok, said.code === 0, `${line}: ok says what the exit code says`);
    assert.match(said.stdout, /^\{\s*"ok":/, `${line}: first of all`);
    // What a command found, such as a configuration that does not fit, is its answer and no failure of it.
    if (document?.error === undefined) continue;
    for (const part of ["code", "message", "next"]) assert.equal(typeof document.error[part], "string", `${line}: ${part}`);
  }
});

test("whoever watches is told what an answer is waited for, on a line that goes; a pipe is not (S0.33)", async () => {
  const told = Promise.withResolvers<void>();
  await using gateway = await openScriptedGateway({ "sessions.list": () => told.promise.then(() => ({ sessions: [] })) });
  const environment = { HOME: "/nowhere", OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: "t" };
  const watched = await runHere(["sessions", "list"], environment, {
    watch: (text) => {
      if (text.includes("Asking the gateway: sessions.list")) told.resolve();
    },
  });
  assert.equal(watched.code, 0, watched.stderr);
  assert.ok(watched.stderr.endsWith("\r\x1b[2K"), "nothing of it stays");
  assert.match(watched.stdout, /No conversation yet/);
  assert.equal((await runHere(["sessions", "list"], environment)).stderr, "");
});

test("a code is explained without a gateway; a wrong one with the nearest (S4.4)", async () => {
  const known = await openclaw(["explain", "node-offline"]);
  assert.match(known.stdout, /^NODE_OFFLINE {2}.*\n\nNext {3}.*openclaw nodes list\nAgain /);
  const wrong = await openclaw(["explain", "NODE_OFLINE"]);
  assert.deepEqual([wrong.code, wrong.stdout], [4, ""]);
  assert.match(wrong.stderr, /Did you mean NODE_OFFLINE\?/);
  const all = JSON.parse((await openclaw(["explain", "--json"])).stdout) as { readonly codes: readonly { readonly code: string }[] };
  assert.ok(all.codes.length > 80 && all.codes.some(({ code }) => code === "DISK_FULL"));
});

test("a conversation wants a terminal, and says what to do without one (S4.4)", async () => {
  const said = await openclaw(["chat"], { OPENCLAW_GATEWAY_PORT: "1" });
  assert.equal(said.code, 2);
  assert.match(said.stderr, /needs a terminal[\s\S]*Next {2}.*openclaw agent --message/);
});
