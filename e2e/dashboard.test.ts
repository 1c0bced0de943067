/** The page Now of the real program: the link it prints, what it shows while a turn waits, and what it never shows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalOf, send } from "@openclaw/testkit/conversation";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";

const LINK = /http:\/\/127\.0\.0\.1:\d+\/\?once=[\w-]{32}/;

async function openLink(link: string): Promise<{ readonly status: number; readonly cookie: string }> {
  const opened = await fetch(link, { redirect: "manual" });
  return { status: opened.status, cookie: (opened.headers.get("set-cookie") ?? "").split(";", 1)[0] ?? "" };
}

test("the printed link opens the page once; there a waiting command, its node and the gateway can be read (S0.36)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  const operator = await gateway.connect();
  await send(operator, `please ${callMark("exec", { command: "touch <made>" })}`, { key: "asked" });
  const approvalId = await approvalOf(operator);

  for (let tries = 0; !LINK.test(gateway.output()) && tries < 500; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  const printed = LINK.exec(gateway.output())?.[0] ?? "";
  const { status, cookie } = await openLink(printed);
  assert.equal(status, 303);
  assert.equal((await openLink(printed)).status, 403);
  const page = await (await fetch(new URL("/", printed), { headers: { cookie } })).text();
  for (const text of [
    "1 approval waits for you", "touch &#60;made&#62;", `openclaw approvals allow ${approvalId}`, "agent:main:main", "waits for you",
    "scripted/test", gateway.stateDir, ">local<", "online",
  ]) assert.ok(page.includes(text), `${text} in ${page.slice(page.indexOf("<body>"))}`);
  assert.equal(page.includes(gateway.token), false);

  const said = await gateway.cli(["dashboard", "--json"]);
  assert.equal(said.code, 0, said.stderr);
  const fresh = (JSON.parse(said.stdout) as { url: string }).url;
  await gateway.kill();
  await gateway.start();
  assert.equal((await openLink(fresh)).status, 403, "links end with the process");
  assert.match(await (await fetch(new URL("/", printed), { headers: { cookie } })).text(), /A gateway runs here/, "and so do views");
});
