/** What a model, a program, or whoever names things can write: it becomes text on the page, and nothing else. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { openRealGateway } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

const RUN = "window.pwned=1";
const AWAY = "http://127.0.0.1:9/away";
const ESC = "\u001b";

const HTML: readonly string[] = [
  `<script>${RUN}</script>`, `<img src=x onerror="${RUN}">`, `<img src="${AWAY}.png">`, `<svg onload="${RUN}"></svg>`,
  `<svg><script>${RUN}</script></svg>`, `<svg><animate onbegin="${RUN}" attributeName=x dur=1s>`,
  `<svg><use href="data:image/svg+xml;base64,PHN2Zy8+"></use></svg>`, `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<iframe src="${AWAY}"></iframe>`, `<object data="${AWAY}"></object>`, `<embed src="${AWAY}">`,
  `<video><source onerror="${RUN}"></video>`,
  `<audio src=x onerror="${RUN}">`, `<body onload="${RUN}">`, `<input autofocus onfocus="${RUN}">`,
  `<details open ontoggle="${RUN}">x</details>`,
  `<math><mtext><script>${RUN}</script></mtext></math>`, `<noscript><p title="</noscript><img src=x onerror='${RUN}'>">`,
  `<style>@import "${AWAY}.css"; .rail{display:none}</style>`, `<link rel=stylesheet href="${AWAY}.css">`, `<base href="${AWAY}/">`,
  `<meta http-equiv=refresh content="0;url=${AWAY}">`, `<form id=composer action="${AWAY}"><button>Send</button></form>`,
  `<form name=body><input name=cookie></form>`, `<div id=shell></div>`, `<a href="javascript:${RUN}">x</a>`,
  `<template><img src=x></template>`,
  `<!--><img src=x onerror="${RUN}">-->`, `<![CDATA[<script>${RUN}</script>]]>`, `<portal src="${AWAY}">`,
  `<dialog open>May this be done?</dialog>`,
  `<marquee onstart="${RUN}">`, `<button popovertarget=x onclick="${RUN}">Allow once</button>`, `</article></div></main><h1>Chat</h1>`,
  `<p style="position:fixed;inset:0;background:url(${AWAY})">over all</p>`, `<textarea></textarea><script>${RUN}</script>`,
];

const MARKDOWN: readonly string[] = [
  `[x](javascript:${RUN})`, `[x](JaVaScRiPt:${RUN})`, `[x](java\tscript:${RUN})`, `[x](&#106;avascript:${RUN})`, `[x](vbscript:x)`,
  `[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`, `![x](${AWAY}.png)`, `![x](data:image/svg+xml,<svg/onload=${RUN}>)`,
  `![x][r]\n\n[r]: ${AWAY}.gif`, `<javascript:${RUN}>`, `<${AWAY}/auto>`, `[a]: javascript:${RUN}\n\n[a]`, `[x](blob:${AWAY})`,
  `[x](//127.0.0.1:9/away)`,
  `[x](file:///etc/passwd)`, `[![x](${AWAY}.png)](javascript:${RUN})`, `[x](<javascript:${RUN}> "onmouseover=${RUN}")`,
  "```html\n<script>window.pwned=1</script>\n```", "```\" onload=\"window.pwned=1\nx\n```", "~~~\nnever closed",
  "`<img src=x onerror=window.pwned=1>`",
  `| <script>${RUN}</script> | <img src=x onerror=${RUN}> |\n| - | - |\n| 1 | [x](javascript:${RUN}) |`,
  `| ${"a | ".repeat(500)}\n| ${"- | ".repeat(500)}\n| ${"b | ".repeat(500)}`, `${"| a | b |\n"}| - | - |\n${"| 1 | 2 |\n".repeat(1_500)}`,
  `- [x] <input type=checkbox onclick="${RUN}">`, "# Chat\n\n**May this be done?**\n\n| Deny | Allow once |\n| - | - |",
  "> Approved by the owner\n\n✓ done `rm -rf /` exit 0", ">".repeat(5_000), "- ".repeat(3_000), "[".repeat(8_000), "*".repeat(9_000),
  "_*".repeat(4_000),
  "***".repeat(3_000), "`".repeat(9_000),
];

const WRITING: readonly string[] = [
  "\u202eereht si tahw\u202c", "\u2066\u2067\u2068 never closed", "\u200f\u200e\u061c marks",
  `Z${"\u0300\u0301\u0302\u0489".repeat(400)}algo`,
  "\u0000\u0007\u0008\u001b[2J\u001b[H", "\ufeff\u200b\u200d\u2060 nothing to see", "😀\u200d".repeat(2_000), "\ud800 alone",
  "𒀱".repeat(300), "﷽".repeat(300),
];

const TERMINAL: readonly string[] = [
  `${ESC}]8;;javascript:${RUN}${ESC}\\link${ESC}]8;;${ESC}\\`, `${ESC}]8;;${AWAY}\u0007link${ESC}]8;;\u0007`, `${ESC}]0;title${"\u0007"}`,
  `${ESC}]52;c;cm0gLXJm\u0007`, `${ESC}]1337;File=inline=1:AAAA\u0007`, `${ESC}[31;1;4;5;7;8;9m<img src=x onerror=${RUN}>`,
  `${ESC}P1$r${ESC}\\`,
  `${ESC}[999999999;999999999H`, `${ESC}[38;2;999;0;0mx${ESC}[48;5;999mx`, `${ESC}c${ESC}[?1049h${ESC}[3J`, `${ESC}]never closed`,
  `${ESC}[;;;;;;;;;m`,
];

test("over ninety hostile texts, from a model, a program, and in names: no script runs, nothing is fetched from elsewhere, nothing "
  + "beside their own place changes (S4.28)", needs("chromium"), async (t) => {
  const corpus = [...HTML, ...MARKDOWN, ...WRITING, ...TERMINAL];
  assert.ok(corpus.length >= 90);
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ config: scriptedConfig(model.url, { yesLocal: true }) });
  t.after(() => gateway.dispose());
  const { client } = await gateway.connect();
  const key = "agent:main:hostile";
  await client.request("sessions.create", { key });
  const named = corpus.filter((_, at) => at % 4 === 0);
  for (const [at, name] of named.entries()) {
    const label = name.slice(0, 200).toWellFormed();
    await client.request("sessions.create", { key: `agent:main:named-${at}`, label: label.trim() === "" ? "-" : label });
  }
  const { page } = await openPage(t, await openBrowser(t), gateway, { path: `/chat/${encodeURIComponent(key)}` });
  const origin = `http://127.0.0.1:${gateway.port}`;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("dialog", (dialog) => {
    asked.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.locator(".session-row").nth(named.length - 1).waitFor();
  const frame = `JSON.stringify([".rail", ".page-head h1", ".page-acts", "#composer > textarea", "#composer-bar"].map((one) =>
    document.querySelector(one).outerHTML.replace(/ style="[^"]*"/, "").replace(/ (?:aria-current|data-key)="[^"]*"/, "")))`;
  const before = await page.evaluate(frame);

  for (const text of corpus) await client.request("chat.inject", { sessionKey: key, message: text });
  await client.request("chat.inject", { sessionKey: key, message: "x".repeat(1_000_000) });
  // What streams is read again and again while it is unfinished.
  const rest = Promise.withResolvers<void>();
  const pieces = [...HTML, ...MARKDOWN].slice(0, 50).flatMap((one) => [one.slice(0, 7), one.slice(7, 400), "\n\n"]);
  model.script({ text: pieces, rest: rest.promise });
  await page.getByLabel("Your message").fill(`${HTML[1]} ${WRITING[0]}`);
  await page.keyboard.press("Enter");
  await page.locator(".timeline > .live").waitFor({ state: "attached" });
  rest.resolve();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  const file = join(gateway.home, "hostile.txt");
  await writeFile(file, corpus.map((one) => one.slice(0, 5_000)).join("\n"));
  await page.getByLabel("Your message").fill(`${callMark("exec", { argv: ["/bin/cat", file, `<img src=x onerror=${RUN}>`] })}`);
  await page.keyboard.press("Enter");
  const tool = page.locator(".tool.failed, .tool.done").last();
  await tool.locator("summary").click();
  await tool.locator(".terminal").waitFor();
  await page.locator(".timeline > .live").waitFor({ state: "detached" });
  for (let step = 0; step < 30; step++) await page.locator(".scroller").evaluate((box, to) => box.scrollTo({ top: to }), step * 4_000);

  await page.locator(".code .code-word", { hasText: "<script" }).first().waitFor({ state: "attached" });

  assert.equal(await page.evaluate("window.pwned"), undefined, "no script ran");
  assert.deepEqual(asked.filter((url) => !url.startsWith(`${origin}/assets/`)), [], "nothing was fetched");
  assert.equal(await page.evaluate(frame), before, "rail, title and box are what they were");
  assert.equal(new URL(page.url()).pathname, `/chat/${encodeURIComponent(key)}`);
  assert.equal(await page.evaluate("document.title"), "Chat · OpenClaw");
  assert.equal(await page.locator(".approval, .timeline > .bar").count(), 0, "no card was forged");
  assert.equal(await page.locator("h1").count(), 1);
  const strange = await page.evaluate(`(() => {
    const allowed = new Set(["P","H3","H4","H5","H6","UL","OL","LI","A","STRONG","EM","DEL","CODE","PRE","BLOCKQUOTE","HR","BR","TABLE",
      "THEAD","TBODY","TR","TH","TD","DIV","SPAN","FIGURE","FIGCAPTION","BUTTON","INPUT"]);
    const found = [];
    for (const one of document.querySelectorAll(".prose *, .terminal *, .plain *, .session-row *")) {
      // The page's own: marks, times, and what stands for the lines of a terminal that are not drawn.
      if (one.closest("svg.icon, .state, time, .session-about, .terminal .pad:empty") !== null) continue;
      const names = one.getAttributeNames();
      const isOwn = one.matches("button.quiet, input[type=checkbox][disabled]") || allowed.has(one.tagName)
        && one.tagName !== "BUTTON" && one.tagName !== "INPUT";
      const href = one.getAttribute("href");
      if (!isOwn || names.some((name) => /^on|^style$|^src|^id$|^name$|^action$|^form/.test(name))
        || href !== null && !/^(?:https?:|mailto:)/.test(href)) found.push(one.outerHTML.slice(0, 120));
    }
    return found;
  })()`);
  assert.deepEqual(strange, [], "text became text, lists, tables and links");
  const loud = await page.evaluate(`[...document.querySelectorAll(".session-title, .tool summary code")].filter((one) =>
    /[\\u0000-\\u0009\\u000b-\\u001f\\u202a-\\u202e\\u2066-\\u2069]/.test(one.textContent)).length`);
  assert.equal(loud, 0, "names and commands hide nothing");
  const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.equal(wide, 0, "nothing is wider than the window");

  await tool.getByRole("link", { name: "Inspect this run" }).click();
  await page.locator(".waterfall .step.tool").click();
  await page.locator(".step-facts .terminal", { hasText: "onerror" }).first().waitFor();
  const loaded = page.locator(".run :is(img, script, iframe, object, embed, form, video, audio, style, link, a[href^=javascript])");
  assert.equal(await loaded.count(), 0);
  assert.equal(await page.evaluate("window.pwned"), undefined, "nor where the run is looked into");
  assert.deepEqual(asked.filter((url) => !url.startsWith(`${origin}/assets/`)), []);
});
