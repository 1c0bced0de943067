/** Programs that know secrets, asked by a person's command: real programs in a directory of the test's own. */
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import { storedNameOf } from "../../fabric/vault.ts";
import { fetchSecrets } from "./fetch-secrets.ts";

const CANARY = "canary-0123456789abcdef";
/** Notes what it was given, and answers every id with the canary. */
const RESOLVER = `#!/bin/sh
read -r question; printf '%s\\n' "$question" >> "$0.asked"; env | sort > "$0.env"; printf '%s\\n' "$@" > "$0.args"
printf '{"protocolVersion":1,"values":{"a/b":"${CANARY}-1","c":"${CANARY}-2"}}'
`;

async function setUp(t: TestContext, program = RESOLVER, more: object = {}) {
  const dir = await mkdtemp(join(tmpdir(), "openclaw-fetch-"));
  t.after(() => rm(dir, { recursive: true }));
  const command = join(dir, "resolver");
  await writeFile(command, program, { mode: 0o700 });
  const path = join(dir, "openclaw.json");
  const reference = (id: string): object => ({ baseUrl: "https://x.test", apiKey: { source: "exec", provider: "vault", id } });
  const put = async (resolver: object, ids: readonly string[] = ["a/b", "c"]): Promise<void> => writeFile(path, JSON.stringify({
    secrets: { providers: { vault: { source: "exec", command, ...resolver } } },
    models: { providers: Object.fromEntries(ids.map((id, at) => [`p${at}`, reference(id)])) },
  }));
  await put(more);
  const fetch = (signal = new AbortController().signal): ReturnType<typeof fetchSecrets> => fetchSecrets({
    path, credentialsDir: join(dir, "credentials"), environment: { ASKED: "yes", PRIVATE: CANARY }, home: dir, ids: systemIds,
  }, signal);
  const refused = async (words: RegExp): Promise<void> => {
    await assert.rejects(fetch(), (error: Error) => hasCode(error, "SECRET_UNRESOLVED") && words.test(error.message)
      && !error.message.includes(CANARY));
    await assert.rejects(readdir(join(dir, "credentials/store")), "nothing is kept");
  };
  return { dir, command, put, fetch, refused };
}

test("one question for all of a program's ids, by the documented words, without a shell; the answers are private files "
  + "(S4.31, W.10.12)", async (t) => {
  const given = { args: ["$(touch x)", "; two"], passEnv: ["ASKED", "NOT_SET"], env: { MORE: "1" } };
  const { dir, command, fetch } = await setUp(t, RESOLVER, given);
  const { fetched } = await fetch();
  assert.deepEqual(fetched, [{ provider: "vault", id: "a/b" }, { provider: "vault", id: "c" }]);
  assert.equal(await readFile(`${command}.asked`, "utf8"), '{"protocolVersion":1,"provider":"vault","ids":["a/b","c"]}\n');
  assert.equal(await readFile(`${command}.args`, "utf8"), "$(touch x)\n; two\n");
  const names = (await readFile(`${command}.env`, "utf8")).split("\n").map((line) => line.split("=")[0]);
  assert.deepEqual(names.filter((name) => !["", "PWD", "SHLVL", "_", "OLDPWD"].includes(name ?? "")), ["ASKED", "MORE"]);
  const stored = join(dir, "credentials/store", storedNameOf("vault", "c"));
  assert.equal(await readFile(stored, "utf8"), `${CANARY}-2\n`);
  assert.equal((await stat(stored)).mode & 0o777, 0o600);
  await writeFile(command, RESOLVER.replaceAll(CANARY, "another"));
  await fetch();
  assert.equal(await readFile(stored, "utf8"), "another-2\n", "asked again, the new one takes its place");
});

test("a program may answer with the plain value where that was said, one id at a time (W.10.12)", async (t) => {
  const { dir, fetch, put, refused } = await setUp(t, `#!/bin/sh\nread -r question; echo "${CANARY}"\n`, {});
  await refused(/its answer is not JSON/);
  await put({ jsonOnly: false });
  await fetch();
  assert.equal(await readFile(join(dir, "credentials/store", storedNameOf("vault", "a/b")), "utf8"), `${CANARY}\n`);
});

test("what others could have put there is not run: no path, a link, a directory, a file others may write, another directory "
  + "(S0.1)", async (t) => {
  const { dir, command, put, refused, fetch } = await setUp(t);
  await put({ command: "resolver" });
  await refused(/no absolute path/);
  await put({ command: `${command} --flag` });
  await refused(/is not there/);
  await put({ command: dir });
  await refused(/is no file/);
  await symlink(command, join(dir, "link"));
  await put({ command: join(dir, "link") });
  await refused(/is a link/);
  await put({ command: join(dir, "link"), allowSymlinkCommand: true, trustedDirs: ["/opt/trusted"] });
  await refused(/lies in none of its trustedDirs/);
  await put({});
  for (const mode of [0o720, 0o702]) {
    await chmod(command, mode);
    await refused(/others can change/);
  }
  await assert.rejects(stat(`${command}.asked`), "it never ran");
  await chmod(command, 0o700);
  await put({ command: join(dir, "link"), allowSymlinkCommand: true, trustedDirs: [dir] });
  assert.equal((await fetch()).fetched.length, 2);
});

test("one that is slow, silent, loud, fails, or has no such value is ended and said, without a word of what it said (S3.2)", async (t) => {
  const say = (what: string): string => `#!/bin/sh\n${what}\n`;
  for (const [program, more, words] of [
    [say("sleep 60"), { timeoutMs: 200 }, /took longer than 200 ms/],
    [say("sleep 60"), { noOutputTimeoutMs: 150 }, /said nothing for 150 ms/],
    [say(`while :; do echo ${CANARY}; done`), { maxOutputBytes: 1_000 }, /says more than 1000 bytes/],
    [say(`echo ${CANARY}; exit 3`), {}, /failed with 3/],
    [say(`echo '{"protocolVersion":1,"values":{"a/b":"${CANARY}"},"errors":{"c":{"message":"${CANARY}"}}}'`), {}, /has no value for c/],
    [say(`echo '{"protocolVersion":2,"values":{}}'`), {}, /another protocolVersion/],
    [say(`echo '{"protocolVersion":1,"values":{"a/b":5,"c":""}}'`), {}, /has no value for a\/b/],
  ] as const) {
    const { refused } = await setUp(t, program, more);
    await refused(words);
  }
  const { put, refused } = await setUp(t);
  for (const id of ["../x", "a/../b", "-x", "a b"]) {
    await put({}, [id]);
    await refused(/an id is no name/);
  }
});

test("a reference to what is no program is said; a configuration without one asks nothing", async (t) => {
  const { dir, fetch, put, refused } = await setUp(t);
  await put({ source: "env", command: undefined });
  await refused(/is no provider of source exec/);
  await mkdir(join(dir, "credentials/store"), { recursive: true });
  await put({}, []);
  assert.deepEqual((await fetch()).fetched, []);
});
