/** The operator's places in a real browser: what waits, what runs and failed, and the machines. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openBrowser, openPage, type OpenOptions, type WatchedPage } from "@openclaw/testkit/browser";
import { history, say, send } from "@openclaw/testkit/conversation";
import { endWithUs } from "@openclaw/testkit/end-with-us";
import { openRealGateway, PROGRAM_MAIN, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { connectPlain, makeDevice } from "@openclaw/testkit/plain-client";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

interface Opened { readonly gateway: RealGateway; readonly operator: Watched; readonly watched: WatchedPage }

async function open(t: TestContext, path: string, options: OpenOptions = {}): Promise<Opened> {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  return { gateway, operator, watched: await openPage(t, await openBrowser(t), gateway, { path, ...options }) };
}

/** Looks at the page as it is, at both widths and in both themes. */
async function assertNoBarriers({ page, findBarriers }: WatchedPage): Promise<void> {
  for (const width of [1_280, 360]) {
    for (const colorScheme of ["light", "dark"] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      assert.deepEqual(await findBarriers(), [], `${page.url()} at ${width} px, ${colorScheme}`);
      const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(over) <= 0, `${page.url()} scrolls sideways at ${width} px`);
    }
  }
  await page.setViewportSize({ width: 1_280, height: 800 });
}

const HOUR_MS = 3_600_000;
const touch = (name: string): string => `do ${callMark("exec", { argv: ["touch", name] })}`;

test("what waits is judged and answered by keyboard, ends by itself when nobody answers, and is remembered with who answered "
  + "(S4.28)", needs("chromium"), async (t) => {
  const { operator, watched } = await open(t, "/approvals", { clockAheadMs: HOUR_MS });
  const { page } = watched;
  await page.getByText("Nothing waits for you.").waitFor();
  for (const name of ["one", "two"]) await send(operator, touch(name), { session: `agent:main:${name}` });
  const armed = page.locator(".judged[data-armed=yes]");
  await armed.waitFor();
  await page.locator(".queue-list li").nth(1).waitFor();
  assert.equal(await page.locator(".queue-list li").count(), 2);
  const first = await armed.locator(".approval-what code").textContent();
  assert.match(first ?? "", /^touch (?:one|two)$/);
  for (const text of ["runs a program on the local node", "local", "the agent's own words", "it is refused by itself"]) {
    assert.ok((await armed.textContent())?.includes(text), text);
  }
  assert.match(await armed.locator("time").textContent() ?? "", /^In (?:29|30) min it is refused by itself/, "told by the gateway's clock");
  assert.equal(await page.evaluate("document.activeElement?.closest('.answers') === null"), true, "never on Allow by itself");
  await assertNoBarriers(watched);

  // Two keys with no time between: the answer was for what was there before, and is one to neither.
  await page.evaluate(`for (const key of ["j", "a"]) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))`);
  await page.locator(".approval-what code", { hasText: first === "touch one" ? "touch two" : "touch one" }).waitFor();
  await page.keyboard.press("k");
  await page.locator(".judged[data-armed=yes] .approval-what code", { hasText: first ?? "" }).waitFor();
  await page.keyboard.press("o");
  assert.deepEqual(await page.locator(".argv code").allTextContents(), (first ?? "").split(" "));
  await page.keyboard.press("d");
  await page.locator(".approval-what code", { hasText: first ?? "" }).waitFor({ state: "detached" });
  await armed.waitFor();
  await page.keyboard.press("a");
  await page.getByText("Nothing waits for you.").waitFor();
  await send(operator, touch("four"), { session: "agent:main:four" });
  await armed.getByRole("link", { name: "four" }).waitFor();
  await armed.getByRole("button", { name: "Allow exactly this again" }).click();
  await page.getByText("Nothing waits for you.").waitFor();
  const again = await say(operator, touch("four"), { session: "agent:main:four" });
  assert.match(again.reply, /^done/, "as wide as was chosen: nobody is asked for the same a second time");

  const shows = Promise.all([
    page.locator(".approval-what code", { hasText: "reboot" }).waitFor(), page.getByText(/^In [12] s it is refused by itself/).waitFor(),
  ]);
  void operator.client.request("exec.approval.request", {
    id: "short", command: "reboot", commandArgv: ["reboot"], host: "gateway", timeoutMs: 4_000,
  }, { timeoutMs: 30_000 }).catch(() => undefined);
  await shows;
  await page.getByText("Nothing waits for you.").waitFor();
  await page.getByRole("link", { name: "History" }).click();
  const past = page.locator(".table tbody tr");
  await past.filter({ hasText: "Chrome on Linux" }).nth(1).waitFor(); // names are asked for beside the list
  const rows = await past.allTextContents();
  assert.match(rows[0] ?? "", /reboot.*nobody answered.*nobody/);
  assert.match(rows[1] ?? "", /touch four.*allowed and again.*Chrome on Linux/);
  assert.match(rows[2] ?? "", /touch (?:one|two).*allowed once.*Chrome on Linux/);
  assert.match(rows[3] ?? "", /touch (?:one|two).*denied.*Chrome on Linux/);
  await assertNoBarriers(watched);

  const allowlist = [{ pattern: "/usr/bin/touch", argPattern: "^one\0$", source: "allow-always" }];
  const rule = { version: 1, agents: { main: { allowlist } } };
  const { hash } = (await operator.client.request("exec.approvals.get", {})) as { readonly hash: string };
  await operator.client.request("exec.approvals.set", { file: rule, baseHash: hash });
  await page.getByRole("link", { name: "Rules" }).click();
  await page.locator(".machine tbody tr", { hasText: "/usr/bin/touch" }).waitFor();
  await assertNoBarriers(watched);
  const listed = async (): Promise<number> => {
    const { file } = (await operator.client.request("exec.approvals.get", {})) as { readonly file: typeof rule };
    return file.agents.main.allowlist.length;
  };
  await page.getByRole("button", { name: "Remove the rule for /usr/bin/touch one" }).click();
  await page.getByText("No rule yet.").waitFor();
  assert.equal(await listed(), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".machine tbody tr", { hasText: "/usr/bin/touch" }).waitFor();
  assert.equal(await listed(), 1);
});

test("Now shows what runs, what waits and what failed, with its cause, as it happens; each row leads to its conversation "
  + "(S1.5, S4.28)", needs("chromium"), async (t) => {
  const { gateway, operator, watched } = await open(t, "/now", { clockAheadMs: HOUR_MS });
  const { page } = watched;
  await page.getByText("All is well.").waitFor();
  await page.getByText("Nothing runs.").waitFor();
  await page.locator("[aria-label=Nodes] .line", { hasText: "online" }).getByRole("img").waitFor();
  await send(operator, "[[tokens 10000 50]]", { session: "agent:main:long" });
  const running = page.locator("[aria-label=Running] tbody tr", { hasText: "long" });
  await running.getByText("thinking").waitFor();
  await page.getByText("1 turn runs.").waitFor();
  await running.locator("time", { hasText: /^(?:now|\d+ sec\. ago)$/ }).waitFor(); // by the gateway's clock
  await send(operator, touch("three"), { session: "agent:main:dashboard:0b6cdd3a-7f0f-4d0c-9b5e-52d1c1f0a001" });
  await page.locator("[aria-label=Running] tbody tr", { hasText: /^do \[\[call exec/ }).getByText("waits for your answer").waitFor();
  await page.locator("[aria-label='Waits for you'] .line", { hasText: "touch three" }).waitFor();
  await page.getByText("1 thing waits for you.").waitFor();
  const stranger = await (await page.context().browser()?.newContext())?.newPage();
  await stranger?.goto(`http://127.0.0.1:${gateway.port}/now`);
  await stranger?.getByRole("button", { name: "Ask to be let in" }).click();
  const asking = page.locator("[aria-label='Waits for you'] .line", { hasText: "Chrome on Linux asks to be let in" });
  await asking.waitFor();
  await page.getByText("2 things wait for you.").waitFor();
  await send(operator, "[[fault malformed]]", { session: "agent:main:broken" });
  const failure = page.locator(".failure", { hasText: "broken" });
  await failure.waitFor();
  assert.match(await failure.textContent() ?? "", /openclaw explain [A-Z_]+/);
  await assertNoBarriers(watched);
  await asking.click();
  await page.getByRole("article", { name: "Chrome on Linux asks" }).getByRole("button", { name: "Refuse" }).click();
  await page.goBack();
  await page.getByText("1 thing waits for you.").waitFor();
  await running.getByRole("link", { name: "long" }).click();
  await page.locator(".said.person", { hasText: "tokens 10000" }).waitFor();
  await page.goBack();
  await operator.client.request("chat.abort", { sessionKey: "agent:main:long" });
  await running.waitFor({ state: "detached" });
  await page.locator("[aria-label='Waits for you'] .line", { hasText: "touch three" }).click();
  await page.locator(".judged[data-armed=yes]").waitFor();
  await page.keyboard.press("d");
  await page.goBack();
  await page.getByRole("heading", { name: "Waits for you" }).waitFor({ state: "detached" });
  await failure.getByRole("link").first().click();
  await page.locator(".said.person", { hasText: "fault malformed" }).waitFor();
  await page.close(); // before its gateway goes: it would say so
});

test("a second machine is paired by one command, with the same words on both sides; it is tagged, drained, renamed and removed here "
  + "(S0.36, S0.37, S1.33, S4.28)", needs("chromium"), async (t) => {
  const { gateway, operator, watched } = await open(t, "/nodes");
  const { page } = watched;
  await page.getByRole("link", { name: "Add a node" }).click();
  const command = page.locator(".command code");
  await command.waitFor();
  await page.getByText("Show the code to scan").click();
  const qr = page.getByRole("img", { name: "The setup code as a picture to scan" });
  await qr.evaluate((picture: { decode(): Promise<void> }) => picture.decode()); // rejects for what is no picture
  await assertNoBarriers(watched);
  await strangerIsSentAway(gateway, operator, watched, (await command.textContent()) ?? "");
  await page.getByRole("link", { name: "All nodes" }).last().click();
  await page.getByRole("link", { name: "Add a node" }).click();
  await command.waitFor();
  const [program, ...args] = ((await command.textContent()) ?? "").split(" ");
  assert.equal(program, "openclaw");
  const home = await mkdtemp(join(tmpdir(), "openclaw-node-"));
  const node = spawn(process.execPath, [PROGRAM_MAIN, ...args, "--name", "shed", "--tags=garden"], {
    env: { ...gateway.environment, HOME: home, OPENCLAW_NODE_DIR: join(home, "node") }, stdio: ["ignore", "pipe", "pipe"],
  });
  endWithUs(node);
  t.after(async () => {
    node.kill("SIGKILL");
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  let said = "";
  for (const stream of [node.stdout, node.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const wrote = async (pattern: RegExp): Promise<void> => {
    for (let tries = 0; !pattern.test(said); tries += 1) {
      assert.ok(tries < 1_000, `the node did not write ${pattern}:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await page.getByRole("heading", { name: "shed is here" }).waitFor();
  await page.locator(".fingerprint span").nth(4).waitFor();
  const shown = (await page.locator(".fingerprint").textContent())?.trim().replace(/\s+/g, " ") ?? "";
  await wrote(/Online/);
  assert.equal(/Its words\s+(\S+(?: \S+){4})/.exec(said)?.[1], shown, said);
  await page.getByText("It is online.").waitFor();
  await assertNoBarriers(watched);
  await page.getByRole("button", { name: "They are the same" }).click();
  await page.getByRole("heading", { name: "shed", level: 1 }).waitFor();
  await page.getByText(shown).waitFor();
  await assertNoBarriers(watched);

  await page.getByRole("button", { name: "Edit tags" }).click();
  await page.getByLabel("Tags, with commas between").fill("garden, heavy");
  await page.keyboard.press("Enter");
  await page.locator(".tag", { hasText: "heavy" }).waitFor();
  await page.getByRole("button", { name: "Drain" }).click();
  await page.locator(".state", { hasText: "draining" }).waitFor();
  await send(operator, `do ${callMark("exec", { node: "heavy", argv: ["uptime"] })}`, { session: "agent:main:drained" });
  const refused = await waitFor(async () => JSON.stringify(await history(operator, "agent:main:drained")), /NODE_DRAINING/);
  assert.match(refused, /given no new work/);
  await page.getByRole("button", { name: "Give it work again" }).click();
  await page.locator(".state", { hasText: "online" }).waitFor();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("New name").fill("barn");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "barn", level: 1 }).waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("link", { name: "Add a node" }).waitFor();
  await page.locator(".table tbody tr", { hasText: "barn" }).waitFor({ state: "detached" });
  await wrote(/Refused|Offline/);
  assert.equal(existsSync(join(home, "node")), true);

  // One that came in by the gateway's own secret is approved here; what it tells of itself is seen as it tells it.
  const attic = await connectPlain(gateway.port, {
    role: "node", device: makeDevice(), tags: ["roof"], commands: ["system.run"], client: { displayName: "attic" }, token: gateway.token,
  });
  t.after(() => attic.close());
  const offer = page.getByRole("article", { name: "attic offers more than was approved" });
  await offer.getByText("system.run").waitFor();
  await offer.getByRole("button", { name: "Approve" }).click();
  await offer.waitFor({ state: "detached" });
  const row = page.locator(".table tbody tr", { hasText: "attic" });
  await row.locator(".state", { hasText: "online" }).waitFor();
  await row.locator(".tag", { hasText: "roof" }).waitFor();
  const { nodes } = await operator.client.call("node.list", {});
  assert.deepEqual(nodes.find((one) => one["displayName"] === "attic")?.["commands"], ["system.run"]);
  await row.getByRole("img", { name: "attic, Processor: no figures yet" }).waitFor();
  for (const [cpuUsed, told] of [[0.2, "now 20 %, at most 20 %"], [0.9, "now 90 %, at most 90 %"]] as const) {
    await attic.call("node.event", { event: "node.host.stats", payload: { cpuUsed, jobsRunning: 3 } });
    await row.getByRole("img", { name: `attic, Processor: ${told}` }).waitFor();
  }
  await row.getByRole("cell", { name: "3", exact: true }).waitFor();
});

/** Somebody else used the code: the words on the page are not those of the machine in front of the person, who says so. */
async function strangerIsSentAway(gateway: RealGateway, operator: Watched, { page }: WatchedPage, command: string): Promise<void> {
  const code = /--pair (\S+)/.exec(command)?.[1] ?? "";
  const { bootstrapToken } = JSON.parse(Buffer.from(code.replace("oc-pair://", ""), "base64url").toString()) as { bootstrapToken: string };
  const device = makeDevice();
  const hello = { role: "node", device, commands: ["system.run"], client: { displayName: "stranger" } };
  const stranger = await connectPlain(gateway.port, { ...hello, bootstrapToken });
  const { deviceToken } = (stranger.hello as { readonly auth: { readonly deviceToken: string } }).auth;
  await page.getByRole("heading", { name: "stranger is here" }).waitFor();
  await page.locator(".fingerprint span").nth(4).waitFor();
  await page.getByText("It is online.").waitFor();
  await page.getByRole("button", { name: "They differ" }).click();
  await page.getByText("Nobody else can use that code").waitFor();
  for (const proof of [{ deviceToken }, { bootstrapToken }]) await assert.rejects(
    connectPlain(gateway.port, { ...hello, ...proof }), /unauthorized/, `it came in again by its ${Object.keys(proof).join()}`,
  );
  const trusted = await Promise.all((["node.list", "node.pair.list", "device.pair.list"] as const).map(
    (method) => operator.client.request(method, {}),
  ));
  assert.doesNotMatch(JSON.stringify(trusted), new RegExp(device.id), "nothing of it is known any more");
  let isOver = false;
  void stranger.closed.then(() => (isOver = true));
  assert.equal(await waitFor(() => Promise.resolve(String(isOver)), /true/), "true", "and its connection ended");
}

async function waitFor(read: () => Promise<string>, pattern: RegExp): Promise<string> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    const text = await read();
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  return await read();
}
