/**
 * A configuration that is broken: the last good one stays in force, and the reason names line and key; while the gateway
 * runs, when it starts again, and when there never was a good one.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EXIT } from "@openclaw/protocol";
import { say } from "@openclaw/testkit/conversation";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { replaceFile } from "@openclaw/testkit/replace-file";

const GOOD = `{
  // JSON5: comments, bare names and commas at the end
  session: { turnsWaitingMax: 7 },
  tools: { exec: { yesLocal: true, }, },
}
`;

interface Shown {
  readonly valid: boolean;
  readonly config: { readonly session?: { readonly turnsWaitingMax?: number } };
  readonly issues: readonly { readonly line: number; readonly message: string; readonly path: string }[];
}

const BROKEN: readonly (readonly [string, string, RegExp, number])[] = [
  ["broken JSON5", "{\n  session: { turnsWaitingMax: 9 },\n  tools: { exec: \n}\n", /^/, 4],
  ["a wrong type", "{\n  session: { turnsWaitingMax: \"many\" },\n}\n", /session\.turnsWaitingMax/, 2],
  ["a value out of range", "{\n  session: {\n    turnsWaitingMax: -1 },\n}\n", /session\.turnsWaitingMax/, 3],
  ["another bind", "{\n  gateway: { bind: \"moon\" },\n}\n", /gateway\.bind/, 2],
];

function fileOf(gateway: RealGateway): string {
  return join(gateway.stateDir, "openclaw.json");
}

async function shown(watched: Watched): Promise<Shown> {
  return (await watched.client.request("config.get", {})) as Shown;
}

/** Waits until the running gateway has read what was written. */
async function shownOnce(watched: Watched, fits: (config: Shown) => boolean): Promise<Shown> {
  for (;;) {
    const config = await shown(watched);
    if (fits(config)) return config;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

test("while the gateway runs: each broken file is refused with line and key, and what was in force stays in force "
  + "(S0.19, S3.2, S3.13)", async (t) => {
  const gateway = await openRealGateway({ config: GOOD, bare: true });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 7);
  for (const [what, text, key, line] of BROKEN) {
    await replaceFile(fileOf(gateway), text);
    const { config, issues } = await shownOnce(operator, ({ valid }) => !valid);
    assert.equal(config.session?.turnsWaitingMax, 7, what);
    assert.ok(issues.some((issue) => issue.line === line && key.test(issue.path)), `${what}: ${JSON.stringify(issues)}`);
    const { lines } = (await operator.client.request("logs.tail", {})) as { readonly lines: readonly string[] };
    assert.ok(lines.some((entry) => entry.includes("config.refused") && entry.includes(`"line":${line}`)), `${what}: stands in the log`);
    assert.equal((await say(operator, "remember that it still works")).status, "ok");
    await replaceFile(fileOf(gateway), GOOD);
    await shownOnce(operator, ({ valid }) => valid);
  }
  await replaceFile(fileOf(gateway), GOOD.replace("7", "8"));
  const mended = await shownOnce(operator, ({ config }) => config.session?.turnsWaitingMax === 8);
  assert.deepEqual(mended.issues, [], "a good file is taken at once");
});

test("a key that nobody knows stops nothing: it is told of once, with the nearest one, and what is known holds (S4.31)", async (t) => {
  const text = "{\n  sesion: {},\n  session: { turnsWaitingMax: 9, turnWaitingMax: 8 },\n}\n";
  const gateway = await openRealGateway({ config: text, bare: true });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const told = async (): Promise<readonly string[]> => {
    const { lines } = (await operator.client.request("logs.tail", {})) as { readonly lines: readonly string[] };
    return lines.filter((line) => line.includes("config.odd"));
  };
  assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 9);
  assert.match((await told())[0] ?? "", /did you mean \\"session\\"[^]*did you mean \\"turnsWaitingMax\\"/);
  await replaceFile(fileOf(gateway), text.replace("9", "10"));
  await shownOnce(operator, ({ config }) => config.session?.turnsWaitingMax === 10);
  assert.equal((await told()).length, 1, "and not again");
});

test("at a start: the last good file is in force and the banner says what is wrong with the new one (S0.19, S3.13)", async (t) => {
  const gateway = await openRealGateway({ config: GOOD, bare: true });
  t.after(() => gateway.dispose());
  // A start for each: three kinds are enough, the others differ in nothing that a start looks at.
  for (const [what, text, key, line] of BROKEN.slice(0, 3)) {
    await gateway.stop();
    await replaceFile(fileOf(gateway), text);
    const before = gateway.output().length;
    await gateway.start();
    const operator = await gateway.connect();
    assert.equal((await shown(operator)).config.session?.turnsWaitingMax, 7, what);
    assert.equal((await say(operator, "still there?")).status, "ok");
    await gateway.stop();
    const said = gateway.output().slice(before);
    assert.match(said, new RegExp(`line ${line}\\b`), `${what}: ${said}`);
    assert.match(said, key, what);
    assert.equal(await readFile(fileOf(gateway), "utf8"), text, "the person's own file is left as it is");
    await gateway.start();
  }
  await replaceFile(fileOf(gateway), GOOD);
});

test("where there never was a good file, what of it fits is in force with the fewest tools; the banner and config.get say what does not "
  + "(S3.13, S4.31)", async (t) => {
  const text = "{\n  session: { turnsWaitingMax: 9 },\n  gateway: { bind: \"moon\" },\n  tools: { deny: \"exec\" },\n}\n";
  const gateway = await openRealGateway({ config: text });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const { config, valid, issues } = await shown(operator);
  assert.deepEqual([valid, config.session?.turnsWaitingMax, issues.map(({ path }) => path)], [false, 9, ["gateway.bind", "tools.deny"]]);
  const told = /line 3: "gateway\.bind" must be one of .* It is left out; until it is mended agents have the fewest tools/;
  assert.match(gateway.output(), told);
  const tools = JSON.stringify(await operator.client.request("tools.effective", { sessionKey: "main" }));
  assert.doesNotMatch(tools, /"id":"exec"/);
  assert.equal((await say(operator, "still there?")).status, "ok");
  await replaceFile(fileOf(gateway), "{ session: { turnsWaitingMax: 10 } }");
  const mended = await shownOnce(operator, ({ config: now }) => now.session?.turnsWaitingMax === 10);
  assert.equal(mended.valid, true);
});

test("a text that cannot be read at all tells nothing, and there is no start: exit 78, file, line and column (S3.13)", async (t) => {
  const gateway = await openRealGateway();
  t.after(() => gateway.dispose());
  for (const [what, text, key, line] of BROKEN.slice(0, 1)) {
    const home = await mkdtemp(join(tmpdir(), "openclaw-config-"));
    t.after(() => rm(home, { recursive: true, force: true }));
    const path = join(home, "openclaw.json");
    await writeFile(path, text, { mode: 0o600 });
    const said = await gateway.cli(["gateway", "run", "--json", "--port", "1"], { env: { OPENCLAW_STATE_DIR: home } });
    assert.equal(said.code, EXIT.config, `${what}: ${said.stdout}${said.stderr}`);
    const { error } = JSON.parse(said.stdout) as { readonly error: { readonly code: string; readonly why: string } };
    assert.equal(error.code, "CONFIG_INVALID", what);
    assert.match(error.why, new RegExp(`openclaw\\.json:${line}:\\d+`), what);
    assert.match(error.why, key, what);
  }
});

test("config set refuses what does not fit and changes nothing; what fits reaches the running gateway (S3.13)", async (t) => {
  const gateway = await openRealGateway({ config: GOOD, bare: true });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  const wrong = [
    ["session.turnsWaitingMax", "many", "CONFIG_INVALID"], ["session.nothing", "1", "CONFIG_KEY_UNKNOWN"],
    ["gateway.auth.token", "x".repeat(32), "CONFIG_SECRET_INLINE"],
  ] as const;
  for (const [path, value, code] of wrong) {
    const refused = await gateway.cli(["config", "set", path, value, "--json"]);
    assert.equal((JSON.parse(refused.stdout) as { error: { code: string } }).error.code, code, path);
    assert.notEqual(refused.code, EXIT.ok);
  }
  assert.equal(await readFile(fileOf(gateway), "utf8"), GOOD);
  const changed = operator.until(({ event }) => event === "config.changed");
  const done = await gateway.cli(["config", "set", "session.turnsWaitingMax", "12"]);
  assert.equal(done.code, EXIT.ok, done.stderr);
  assert.equal(((await changed).payload as { path: string }).path, fileOf(gateway));
  assert.match((await gateway.cli(["logs"])).stdout, /config\.changed/, "as its help promises");
  await shownOnce(operator, ({ config }) => config.session?.turnsWaitingMax === 12);
  assert.match(await readFile(fileOf(gateway), "utf8"), /comments, bare names/, "the person's comments are kept");
  assert.equal((await gateway.cli(["config", "get", "session.turnsWaitingMax"])).stdout, "12\n");
});

