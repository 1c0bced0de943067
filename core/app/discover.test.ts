import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { DEVICE_COMMANDS, EFFECTS, NODE_COMMANDS, type JsonSchema } from "@openclaw/protocol";
import type { Intent, Tool } from "@openclaw/sdk";
import { checkSchema } from "../base/schema.ts";
import { realTokenizers } from "@openclaw/testkit/real-tokenizers";
import { ESTIMATES } from "../cognition/context.ts";
import { createTools } from "../execution/tools.ts";
import { discoverProviders, discoverTools } from "./discover.ts";

const ctx = { workspace: "/w", sessionKey: "agent:main:main", agentId: "main" };

async function foldersOf(kind: string): Promise<string[]> {
  const entries = await readdir(new URL(`../../extensions/${kind}/`, import.meta.url), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Arguments that fit: what is required, or everything there is. */
function sample(schema: JsonSchema, all: boolean): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === "array") return [sample(schema.items ?? {}, all)];
  if (schema.type === "integer") return schema.minimum ?? 1;
  if (schema.type === "boolean") return true;
  if (schema.type !== "object") return "x";
  const members = Object.entries(schema.properties ?? {}).filter(([name]) => all || schema.required?.includes(name) === true);
  return Object.fromEntries(members.map(([name, inner]) => [name, sample(inner, all)]));
}

/** Every way of calling the tool that is tried: as little as it asks for, all it takes, and one for each choice. */
function callsOf(tool: Tool): readonly Readonly<Record<string, unknown>>[] {
  const [least, most] = [sample(tool.args, false), sample(tool.args, true)] as [Record<string, unknown>, Record<string, unknown>];
  const choices = Object.entries(tool.args.properties ?? {}).flatMap(([name, { enum: values = [] }]) =>
    values.map((value) => ({ ...most, [name]: value })),
  );
  return [least, most, ...choices];
}

const fail = (name: string, error: unknown): never => assert.fail(`${name}: ${String(error)}`);

test("a tool that cannot be imported is told of and left out; the others are there (S3.13)", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "tools-"));
  t.after(() => rm(dir, { recursive: true }));
  const make = async (name: string, text: string): Promise<void> => {
    await mkdir(join(dir, "tools", name), { recursive: true });
    await writeFile(join(dir, "tools", name, "index.ts"), text);
  };
  await make("whole", `export default { name: "whole", summary: "Does it.", args: { type: "object" }, effect: "none", run() {} };`);
  await make("torn", "export default {");
  await make("empty", "export default { name: \"empty\" };");
  const broken: string[] = [];
  const tools = await discoverTools((name) => broken.push(name), pathToFileURL(`${dir}/`));
  assert.deepEqual([tools.map(({ name }) => name), broken.sort()], [["whole"], ["empty", "torn"]]);
});

test("every folder is found, and nothing is imported before a provider is needed", async () => {
  const providers = await discoverProviders();
  assert.deepEqual([...providers.keys()], await foldersOf("providers"));
  for (const [name, load] of providers) assert.equal((await load()).id, name);
  assert.equal((await discoverTools(fail)).length, (await foldersOf("tools")).length);
});

test("every tool has a face a model can use: a name of its own, a short summary, closed and bounded arguments", async () => {
  const tools = await discoverTools(fail);
  assert.equal(new Set(tools.map(({ name }) => name)).size, tools.length);
  for (const { name, summary, args, effect } of tools) {
    assert.match(name, /^[a-z][a-z0-9_]{0,63}$/);
    assert.ok(summary.length > 10 && summary.length < 300, name);
    assert.ok(EFFECTS.includes(effect), name);
    assert.equal(args.additionalProperties, false, name);
    for (const [field, schema] of Object.entries(args.properties ?? {})) {
      if (schema.type === "string") assert.ok(schema.maxLength !== undefined, `${name}.${field}`);
      if (schema.type === "array") assert.ok(schema.maxItems !== undefined && schema.items !== undefined, `${name}.${field}`);
      if (schema.type === "integer") assert.ok(schema.minimum !== undefined, `${name}.${field}`);
    }
  }
});

test("what a tool proposes is an intent of one command, whose parameters the node takes", async () => {
  const all = await discoverTools(fail);
  const tools = createTools(all);
  for (const tool of all) {
    for (const args of callsOf(tool)) {
      const prepared = tools.prepare({ id: "c", name: tool.name, arguments: JSON.stringify(args) }, ctx);
      const what = `${tool.name} ${JSON.stringify(args)}`;
      if (prepared.kind === "refused") {
        assert.match(prepared.why, /Give /, `${what}: a refusal says what is missing`);
        continue;
      }
      assert.ok(prepared.kind === "intent", what);
      assertSound(prepared.intent, what);
    }
  }
});

function assertSound(intent: Intent, what: string): void {
  assert.deepEqual(JSON.parse(JSON.stringify(intent)), intent, `${what}: it can be recorded`);
  assert.ok(intent.summary.trim() !== "", what);
  if (intent.actuator !== "node") return;
  assert.equal(intent.target.command, intent.command, what);
  if (Object.hasOwn(DEVICE_COMMANDS, intent.command)) return; // the device itself says what it takes
  const command = NODE_COMMANDS[intent.command as keyof typeof NODE_COMMANDS];
  assert.ok(command !== undefined, `${what}: ${intent.command} is a command of nodes`);
  const checked = checkSchema(command.params as JsonSchema, intent.params);
  assert.ok(checked.ok, `${what}: ${checked.ok ? "" : checked.text}`);
  const [declared, proposed] = [command.effect, intent.effect].map((effect) => EFFECTS.indexOf(effect));
  assert.ok((proposed ?? 0) >= (declared ?? 0), `${what}: no tool calls a command more harmless than it is`);
}

test("a proposal depends on the arguments alone and changes nothing in them", async () => {
  for (const tool of await discoverTools(fail)) {
    if (tool.effect === "none") continue;
    const args = sample(tool.args, true);
    const before = structuredClone(args);
    assert.deepEqual(tool.propose(args, ctx), tool.propose(args, ctx), tool.name);
    assert.deepEqual(args, before, tool.name);
  }
});

test("no tool's face is counted too low by what the budget goes by, nor much too high (S0.3)", async () => {
  const tokenizers = await realTokenizers();
  const faces = createTools(await discoverTools(fail)).faces();
  const estimate = faces.reduce((sum, face) => sum + ESTIMATES.tool(face), 0);
  for (const { encoding, count } of tokenizers) {
    const real = faces.reduce((sum, face) => sum + count(JSON.stringify(face)), 0);
    assert.ok(estimate >= real && estimate <= 1.6 * real, `${estimate} for ${real} by ${encoding}`);
  }
});
