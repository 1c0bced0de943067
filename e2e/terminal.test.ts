/** The terminal as a person has it: a conversation in a real one, and models connected from the command line. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openFakeModelHost } from "@openclaw/testkit/fake-model-hosts";
import { openRealGateway, PROGRAM_MAIN } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { startSshd } from "@openclaw/testkit/real-sshd";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";
import { openTmux, type Tmux } from "@openclaw/testkit/tmux";

const count = (text: string, part: string | RegExp): number => text.split(part).length - 1;

test("a conversation in a real terminal: paste, approval, history, resize, and a gateway that dies in the middle (S0.16, S4.4)",
  needs("tmux"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
    t.after(() => gateway.dispose());
    const open = async (columns: number, rows: number): Promise<Tmux> => {
      const opened = await openTmux({
        command: [process.execPath, PROGRAM_MAIN, "chat"],
        env: { HOME: gateway.home, OPENCLAW_GATEWAY_PORT: String(gateway.port) }, columns, rows,
      });
      t.after(() => opened.dispose());
      return opened;
    };
    const terminal = await open(90, 28);

    await terminal.until(/ready/);
    await terminal.paste("two lines\nin one paste");
    assert.equal(model.requests.length, 0, "a pasted newline sends nothing");
    await terminal.keys("Enter");
    await terminal.until(/echo: two lines/);

    await terminal.type(callMark("exec", { command: "rm -f openclaw-not-there" }));
    await terminal.keys("Enter");
    await terminal.until(/Tab {2}d deny/);
    await terminal.type("dada");
    assert.match(await terminal.until(/> dada/), /Tab {2}d deny/, "keys that are typed answer nothing before Tab");
    await terminal.keys("C-c", "Tab");
    await terminal.type("d");
    await terminal.until(/✗ Denied/);
    await terminal.until(/done: .*[\s\S]*ready/);

    await terminal.keys("Up", "Up");
    await terminal.until(/> two lines/);
    await terminal.keys("C-c");
    await terminal.resize(60, 20);
    model.script({ text: Array.from({ length: 20 }, (_, at) => `word${at} `), silence: true });
    await terminal.type("[[tokens 60 20]]");
    await terminal.keys("Enter");
    await terminal.until(/at work/);
    await terminal.until(/word5 /);
    await gateway.kill();
    await terminal.until(/has been away since/);
    await terminal.type("a draft that stays");
    await gateway.start();
    await terminal.until(/continued after/);
    const late = await open(40, 12);
    const seen = await terminal.until(/word59[\s\S]*ready/);
    for (const text of [seen, await late.until(/word59[\s\S]*ready/)]) {
      const words = [...text.matchAll(/\bword(\d+)\b/g)].map((match) => Number(match[1]));
      assert.deepEqual(words, Array.from({ length: 60 }, (_, at) => at), `no gap and no double:\n${text}`);
    }
    assert.equal(count(seen, "echo: two lines"), 1, "what was shown before is not shown again");
    assert.match(seen, /> a draft that stays/);

    await terminal.keys("C-c");
    await terminal.type("/session other");
    await terminal.keys("Enter");
    await terminal.until(/– other/);
    await terminal.type("hello there");
    await terminal.keys("Enter");
    await terminal.until(/echo: hello there/);
    await terminal.keys("C-o");
    await terminal.until(/agent:main:main/);
    await terminal.keys("Escape", "C-d");
    await terminal.until(/ended with 0/);
  });

test("over SSH: streaming, a connection that drops in the middle, all of it once when one is back, resize, and the way out (S0.16, S4.4)",
  needs("tmux").skip === false ? needs("sshd", "a conversation through a real SSH server") : needs("tmux"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const [gateway, sshd] = await Promise.all([openRealGateway({ config: scriptedConfig(model.url) }), startSshd()]);
    t.after(() => Promise.all([gateway.dispose(), sshd.dispose()]));
    const chat = [`HOME=${gateway.home}`, `OPENCLAW_GATEWAY_PORT=${gateway.port}`, process.execPath, PROGRAM_MAIN, "chat"];
    const open = async (): Promise<Tmux> => {
      const terminal = await openTmux({
        command: [
          "ssh", "-tt", "-F", "none", "-i", sshd.identity, "-o", `UserKnownHostsFile=${sshd.knownHosts}`, "-p", String(sshd.port),
          `${userInfo().username}@127.0.0.1`, "env", ...chat,
        ],
        env: {}, columns: 70, rows: 18,
      });
      t.after(() => terminal.dispose());
      await terminal.until(/ready|at work/);
      return terminal;
    };
    const first = await open();
    await first.type("[[tokens 40 60]]");
    await first.keys("Enter");
    await first.until(/word5 /);
    sshd.dropConnections();
    await first.until(/ended with 255/);

    const second = await open();
    const seen = await second.until(/word39[\s\S]*ready/);
    const words = [...seen.matchAll(/\bword(\d+)\b/g)].map((match) => Number(match[1]));
    assert.deepEqual(words, Array.from({ length: 40 }, (_, at) => at), seen);
    await second.resize(44, 14);
    const rules = async (): Promise<readonly number[]> =>
      (await second.screen()).split("\n").filter((row) => /^─+$/.test(row)).map(({ length }) => length);
    for (const began = Date.now(); (await rules()).join() !== "44"; ) {
      assert.ok(Date.now() - began < 20_000, `it is not drawn anew in the new size:\n${await second.screen()}`);
    }
    await second.type("**bold** and | a table");
    await second.keys("Enter");
    await second.until(/echo: bold and \| a table[\s\S]*ready/);
    const rule = (await second.screen()).split("\n").find((row) => /^─+$/.test(row));
    assert.equal(rule?.length, 44, "the size came through");
    await second.keys("C-d");
    await second.until(/ended with 0/);
  });

test("onboarding and models: added by a real answer, their keys in the vault, and nothing left of one that fails (S4.4)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true });
  t.after(() => gateway.dispose());
  const env = { A_KEY: "sk-secret-of-the-test" };
  const configText = (): Promise<string> => readFile(join(gateway.stateDir, "openclaw.json"), "utf8").catch(() => "");
  const stored = (): Promise<readonly string[]> => readdir(join(gateway.stateDir, "credentials", "store")).catch(() => []);
  const add = ["model", "add", model.url, "--name", "local", "-m", "scripted", "--key-from-env", "A_KEY", "--json"];

  model.script({ status: 401, body: '{"error":{"message":"no"}}' });
  const before = await configText();
  const refused = await gateway.cli(add, { env });
  assert.equal((JSON.parse(refused.stdout) as { readonly error: { readonly code: string } }).error.code, "MODEL_AUTH");
  assert.deepEqual([await configText(), await stored()], [before, []], "nothing is written of a model that did not answer");

  model.script(
    { calls: [{ name: "check_tools", arguments: { word: "x" } }] }, { text: "fits" },
    { calls: [{ name: "check_tools", arguments: { word: "x" } }] }, { text: "fits" },
  );
  const added = await gateway.cli(add, { env });
  assert.equal(added.code, 0, added.stdout);
  const document = JSON.parse(added.stdout) as { readonly model: string; readonly test: { readonly tools: boolean } };
  assert.deepEqual([document.model, document.test.tools], ["local/scripted", true]);
  assert.equal(model.requests.at(-1)?.headers["authorization"], "Bearer sk-secret-of-the-test");
  assert.doesNotMatch(await configText(), /sk-secret/);
  assert.equal((await stored()).length, 1);

  const tested = await gateway.cli(["model", "test", "--json"]);
  assert.equal((JSON.parse(tested.stdout) as { readonly ok: boolean }).ok, true, tested.stdout);
  const talks = await gateway.cli(["model", "add", model.url, "--name", "talker", "-m", "t", "--keep-default"]);
  assert.match(talks.stdout, /answers, and did not call the tool/, "a model without tools is no failure");
  const known = (await gateway.cli(["model", "list"])).stdout;
  assert.match(known, /▸ default {2}local\/scripted/);
  assert.match(known, /talker\/t/, "also one that no agent names");

  const onboarded = await gateway.cli(["onboard", model.url, "--name", "second", "-m", "two", "--yes", "--no-service", "--json"]);
  const success = JSON.parse(onboarded.stdout) as { readonly ok: boolean; readonly answer: string };
  assert.deepEqual([success.ok, success.answer], [true, "echo: Say in one short sentence that you are ready."]);
  model.script({ text: "a" }, { status: 400, body: '{"error":{"message":"no"}}' });
  const failed = await gateway.cli(["onboard", model.url, "--name", "third", "-m", "three", "--yes", "--no-service", "--json"]);
  assert.equal((JSON.parse(failed.stdout) as { readonly ok: boolean }).ok, false);
  assert.doesNotMatch(await configText(), /third/, "what was written is taken back where no answer came");

  const removed = await gateway.cli(["model", "remove", "local", "--yes", "--json"]);
  assert.equal((JSON.parse(removed.stdout) as { readonly ok: boolean }).ok, true, removed.stdout);
  assert.deepEqual(await stored(), [], "the key leaves the vault with its provider");
});

test("the wizard asks its way to an answer with a model it found; whoever leaves half-way leaves nothing behind (S4.4)",
  needs("tmux"), async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const ollama = await openFakeModelHost("ollama", model.url);
    t.after(() => ollama.close());
    const gateway = await openRealGateway({ bare: true });
    t.after(() => gateway.dispose());
    /** A file with nothing in it is as good as none. */
    const configText = (): Promise<string> => readFile(join(gateway.stateDir, "openclaw.json"), "utf8").then(
      (text) => (text.trim() === "{}" ? "" : text), () => "",
    );
    const before = await configText();
    const wizard = async (): Promise<Tmux> => {
      const terminal = await openTmux({
        command: [process.execPath, PROGRAM_MAIN, "onboard"],
        env: { HOME: gateway.home, OPENCLAW_GATEWAY_PORT: String(gateway.port), OLLAMA_HOST: ollama.origin }, columns: 80, rows: 24,
      });
      t.after(() => terminal.dispose());
      await terminal.until(/Which model shall answer\?[\s\S]*▸ One that is here: Ollama/);
      await terminal.keys("Enter");
      await terminal.until(/Where is the model\?[\s\S]*Ctrl-C leaves/);
      await terminal.type("ollama");
      await terminal.until(/model\? {2}ollama[\s\S]*▸ Ollama/);
      return terminal;
    };
    const tools = { calls: [{ name: "check_tools", arguments: { word: "x" } }] };

    const left = await wizard();
    await left.keys("C-c");
    await left.until(/ended with 130/);
    assert.equal(await configText(), before);

    model.script(tools, { text: "fits" }, { headersDelayMs: 60_000, text: "too late" }, tools, { text: "fits" }, { text: "I am ready." });
    const late = await wizard();
    await late.keys("Enter");
    await late.until(/Which model\?[\s\S]*▸ qwen3:8b +8192 tokens[\s\S]*llama3.2/);
    await late.keys("Enter");
    await late.until(/Say in one short sentence/);
    for (const began = Date.now(); model.requests.length < 3 && Date.now() - began < 20_000; ) await late.screen();
    assert.notEqual(await configText(), before, "it is written when the question is asked");
    await late.keys("C-c");
    await late.until(/ended with 130/);
    assert.equal(await configText(), before, "and taken out again by whoever leaves then");

    const stays = await wizard();
    await stays.keys("Enter");
    await stays.until(/Which model\?[\s\S]*▸ qwen3:8b/);
    await stays.keys("Enter");
    const seen = await stays.until(/ended with \d/);
    assert.match(seen, /calls tools[\s\S]*I am ready\.[\s\S]*It works\.[\s\S]*Model +ollama\/qwen3:8b[\s\S]*ended with 0/);
    assert.match(seen, /Everything is kept in ~\/\.openclaw\./);
    for (const row of seen.split("\n")) assert.ok(row.length <= 80, row);
    assert.match(await configText(), /qwen3:8b/);
  });
