// The script in the shells themselves: what they would offer a person who presses Tab.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { needsThat } from "@openclaw/testkit/skip";
import { COMMANDS } from "../table.ts";
import { readCommandWords } from "./command-words.ts";
import { formatCompletion } from "./format-completion.ts";
import { readKeptScript } from "./kept-script.ts";

const has = (shell: string) => needsThat(["/bin", "/usr/bin"].some((folder) => existsSync(join(folder, shell))), {
  what: `completion in ${shell}`, why: `${shell} is not installed`, enable: `apt-get install ${shell}`,
});

test("bash completes commands, verbs and options, and no word behind an option that takes one (S4.4)", async () => {
  const script = formatCompletion("bash", await readCommandWords(COMMANDS));
  const offers = (...words: readonly string[]): readonly string[] => execFileSync("bash", ["--norc", "-c", `${script}
    COMP_WORDS=("$@"); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _openclaw; printf '%s\\n' "\${COMPREPLY[@]}"`, "bash", ...words,
  ], { encoding: "utf8", env: { PATH: process.env["PATH"] ?? "" }, cwd: "/" }).split("\n").filter((word) => word !== "");
  assert.deepEqual(offers("openclaw", "comp"), ["completion"]);
  assert.deepEqual(offers("openclaw", "model", "re"), ["remove"]);
  assert.deepEqual(offers("openclaw", "--port", "3000", "model", "te"), ["test"], "a value is not taken for a command");
  assert.deepEqual(offers("openclaw", "model", "add", "--key-f"), ["--key-from-env", "--key-file"]);
  assert.deepEqual(offers("openclaw", "agent", "--mess"), ["--message"]);
  assert.deepEqual(offers("openclaw", "explain", "NODE_OFFLINE", "--js"), ["--json"], "behind a word that is no verb");
  assert.deepEqual(offers("openclaw", "nodes", "--conn"), ["--connected"], "of what a group does when no verb is said");
  assert.deepEqual(offers("openclaw", "agent", "--session-k"), [], "what is hidden is not offered");
  assert.deepEqual(offers("openclaw", "model", "add", "--key-file", "/us"), ["/usr"], "behind an option that takes a value: files");
  assert.deepEqual(offers("openclaw", "model", "--profile", "re"), [], "and no verb");
  assert.deepEqual(offers("openclaw", "backup", "verify", "/us"), ["/usr"], "and where there is no word to offer");
  const first = offers("openclaw", "");
  for (const { name } of COMMANDS) assert.ok(first.includes(name), name);
});

for (const shell of ["zsh", "fish"] as const) {
  test(`${shell} completes commands, verbs and options by its script (S4.4)`, has(shell), async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "openclaw-completion-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, "script");
    await writeFile(file, formatCompletion(shell, await readCommandWords(COMMANDS)));
    // In zsh what would be shown is printed instead: its own completion wants a terminal.
    const stubs = "compdef() {}; _files() { print FILES }; _describe() { print -l -- ${(P)@[-1]} }";
    const shown = `${stubs}; source ${file}; words=("$@"); CURRENT=$#`;
    const offers = (...words: readonly string[]): readonly string[] => (shell === "zsh"
      ? execFileSync("zsh", ["-f", "-c", `${shown}; _openclaw`, "zsh", ...words], { encoding: "utf8" })
      : execFileSync("fish", ["--no-config", "-c", `source ${file}; complete -C '${words.join(" ")}'`], { encoding: "utf8", cwd: "/" })
    ).split("\n").map((line) => /^[^:\t]*/.exec(line)?.[0] ?? "").filter((word) => word !== "" && word.startsWith(words.at(-1) ?? ""));
    assert.deepEqual(offers("openclaw", "model", "te"), ["test"]);
    assert.deepEqual(offers("openclaw", "--port", "3000", "model", "re"), ["remove"]);
    assert.deepEqual(offers("openclaw", "comp"), ["completion"]);
    assert.deepEqual(offers("openclaw", "model", "add", "--key-f").toSorted(), ["--key-file", "--key-from-env"]);
  });
}

test("the script is kept, and made anew once a command's file is another (S4.4)", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-completion-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const whole = await readKeptScript("bash", COMMANDS, folder);
  assert.equal(await readKeptScript("bash", [], folder), whole, "no command was read the second time");
  await writeFile(join(folder, "completion.bash"), "old");
  await writeFile(join(folder, "completion.stamp"), "old");
  assert.equal(await readKeptScript("bash", COMMANDS, folder), whole);
  const stamp = await readFile(join(folder, "completion.stamp"), "utf8");
  const { mtimeMs, size: bytes } = await stat(new URL("../usage.ts", import.meta.url));
  assert.ok(stamp.endsWith(` usage.ts:${Math.round(mtimeMs)}:${bytes}`), stamp);
  await writeFile(join(folder, "completion.stamp"), stamp.replace(/:(\d+)$/, (_, size: string) => `:${Number(size) + 1}`));
  await writeFile(join(folder, "completion.bash"), "of a file that had another size");
  assert.equal(await readKeptScript("bash", COMMANDS, folder), whole);
  await rm(join(folder, "completion.zsh"));
  assert.match(await readKeptScript("zsh", COMMANDS, folder), /^#compdef/);
});

test("a kept script is read without starting Node, as long as no command's file is newer (S4.4)", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "openclaw-completion-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"] ?? "", NODE_COMPILE_CACHE: join(folder, "compile") };
  const program = join(import.meta.dirname, "../../../../node_modules/.bin/openclaw");
  const ask = (...args: readonly string[]): string => execFileSync(program, args, { encoding: "utf8", env });
  const made = ask("completion", "bash");
  assert.equal(made, formatCompletion("bash", await readCommandWords(COMMANDS)));
  await writeFile(join(folder, "completion.bash"), "# marked\n");
  assert.equal(ask("completion", "bash"), "# marked\n");
  assert.match(ask("completion", "bash", "--json"), /^\{\n {2}"ok": true/, "only what is exactly that");
  await utimes(join(folder, "completion.bash"), 1, 1);
  await rm(join(folder, "completion.stamp"));
  assert.equal(ask("completion", "bash"), made, "older than a command's file: made anew");
});
