import assert from "node:assert/strict";
import { test } from "node:test";
import { UsageError } from "../terminal/usage-error.ts";
import { lexArguments } from "./lex.ts";
import { nearest } from "./nearest.ts";
import { parseCommandLine } from "./parse.ts";

async function run(line: string) {
  const parsed = await parseCommandLine(line.split(" "));
  assert.equal(parsed.kind, "run");
  return parsed;
}

async function refusal(...argv: string[]): Promise<UsageError> {
  const error: unknown = await parseCommandLine(argv).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof UsageError, `${argv.join(" ")} was accepted`);
  return error;
}

test("global options stand before the noun, between noun and verb, or at the end", async () => {
  for (const line of ["--port 3000 --json nodes list", "nodes --port 3000 list --json", "nodes list --json --port=3000"]) {
    const { path, given } = await run(line);
    assert.deepEqual([path, given.integer("port"), given.flag("json")], [["nodes", "list"], 3000, true], line);
  }
});

test("a value that looks like a command is a value", async () => {
  const { path, given } = await run("agent --message status --session nodes");
  assert.deepEqual([path, given.text("message"), given.text("session")], [["agent"], "status", "nodes"]);
});

test("tags come as one list, however they are written (S0.36)", async () => {
  const { given } = await run("node start --tags=gpu,heavy-compute --tags linux");
  assert.deepEqual(given.list("tags"), ["gpu", "heavy-compute", "linux"]);
});

test("-- ends the options", async () => {
  const parsed = await parseCommandLine(["agent", "--", "--help", "-x"]);
  assert.equal(parsed.kind, "run");
  assert.deepEqual(parsed.given.words("TEXT"), ["--help", "-x"]);
});

test("a value may begin with a dash unless it is an option of the command", async () => {
  const parsed = await parseCommandLine(["agent", "-m", "-5 degrees"]);
  assert.equal(parsed.kind, "run");
  assert.equal(parsed.given.text("message"), "-5 degrees");
  assert.match((await refusal("agent", "--message", "--json")).message, /--message needs a value/);
});

test("a noun alone means its usual verb; without one, its help", async () => {
  assert.deepEqual((await run("nodes")).path, ["nodes", "list"]);
  assert.deepEqual((await run("gateway --port 1234")).path, ["gateway", "run"]);
  assert.deepEqual((await run("nodes ls")).path, ["nodes", "list"]);
  assert.equal((await parseCommandLine(["node"])).kind, "help");
  assert.equal((await parseCommandLine([])).kind, "help");
  const help = await parseCommandLine(["help", "nodes", "list"]);
  assert.deepEqual(help.kind === "help" ? help.path : undefined, ["nodes", "list"]);
});

test("a command's own option wins over the global one of the same name", async () => {
  const own = { name: "timeout", value: "S", summary: "own" };
  assert.deepEqual(lexArguments(["--timeout", "5"], [{ name: "timeout", summary: "global" }, own]), [
    { kind: "option", spec: own, value: "5", missing: false },
  ]);
  assert.equal((await run("agent --timeout 5 hi")).given.integer("timeout"), 5);
});

test("what is missing, extra or misspelt is named", async () => {
  assert.match((await refusal("nodes", "invoke", "--node", "pi")).message, /needs --command COMMAND/);
  assert.match((await refusal("nodes", "describe")).message, /openclaw nodes describe needs NODE/);
  assert.match((await refusal("nodes", "describe", "a", "b")).message, /does not take "b"/);
  assert.match((await refusal("logs", "--folow")).message, /has no option --folow\. Did you mean --follow\?/);
  assert.match((await refusal("logs", "--limit", "many")).message, /--limit takes a whole number, not "many"/);
  assert.match((await refusal("--frob")).message, /has no option --frob/);
});

test("only a near name is suggested", () => {
  const names = ["status", "sessions", "nodes", "node", "logs"];
  assert.equal(nearest("statsu", names), "status");
  assert.equal(nearest("sess", names), "sessions");
  assert.equal(nearest("lgos", names), "logs");
  assert.equal(nearest("frobnicate", names), undefined);
});
