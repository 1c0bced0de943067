import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startGateway, TOKEN } from "../test-gateway.ts";

const HTML = `<!doctype html><html data-base="{{base}}" data-place="{{place}}">
<script type="module" src="{{base}}/assets/main-A1.js"></script>`;

function makeBuild(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "page-"));
  t.after(() => rmSync(dir, { recursive: true }));
  mkdirSync(join(dir, "assets"));
  writeFileSync(join(dir, "index.html"), HTML);
  writeFileSync(join(dir, "manifest.json"), JSON.stringify({ places: ["chat", "now"], files: { "main-A1.js": {} } }));
  for (const [suffix, text] of [["", "plain"], [".gz", "zipped"], [".br", "pressed"]]) {
    writeFileSync(join(dir, "assets", `main-A1.js${suffix}`), text ?? "");
  }
  return dir;
}

async function get(port: number, path: string, headers: Record<string, string> = {}, method = "GET") {
  const sent = request({ host: "127.0.0.1", port, path, method, headers: { accept: "text/html", ...headers }, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

test("every view has the one page, under a policy without holes; an unknown view says 404 and brings the page all the same "
  + "(S4.28, S4.30, W.9.2)", async (t) => {
  const builtPageDir = makeBuild(t);
  await using running = await startGateway({ builtPageDir, page: () => ({ enabled: true, basePath: "/u\"i/" }) });
  const { port } = running.gateway;
  for (const [path, status, place] of [
    ["/u\"i", 200, "chat"], ["/u\"i/", 200, "chat"], ["/u\"i/chat/agent:main:main", 200, "chat"], ["/u\"i/now", 200, "now"],
    ["/u\"i/nowhere", 404, "none"],
  ] as const) {
    const page = await get(port, path);
    assert.equal(page.status, status, path);
    assert.ok(page.body.includes(`data-base="/u&#34;i" data-place="${place}"`), page.body);
    const policy = String(page.headers["content-security-policy"]);
    for (const rule of [
      "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
      "frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
    ]) assert.ok(policy.split("; ").includes(rule), rule);
    assert.doesNotMatch(policy, /unsafe|https?:|\*/);
    assert.equal(page.headers["cache-control"], "no-store");
    assert.equal(page.body.includes(TOKEN), false);
  }
  assert.equal((await get(port, "/u\"i/nowhere", { accept: "application/json" })).status, 404);
  assert.match(String((await get(port, "/u\"i/nowhere", { accept: "*/*" })).headers["content-type"]), /json/, "a program gets no page");
  assert.equal((await get(port, "/u\"i", {}, "POST")).status, 405);
  assert.deepEqual([(await get(port, "/u\"i", {}, "HEAD")).body, (await get(port, "/now")).status], ["", 404]);
});

test("a file of the build comes compressed as the browser takes it and may be kept for ever; no other is there (S4.28)", async (t) => {
  await using running = await startGateway({ builtPageDir: makeBuild(t) });
  const { port } = running.gateway;
  for (const [accepts, encoding, body] of [
    ["gzip, deflate, br", "br", "pressed"], ["gzip", "gzip", "zipped"], ["br;q=0, gzip", "gzip", "zipped"],
    ["identity", undefined, "plain"],
  ] as const) {
    const got = await get(port, "/assets/main-A1.js", { "accept-encoding": accepts });
    assert.deepEqual([got.status, got.headers["content-encoding"], got.body], [200, encoding, body], accepts);
    assert.deepEqual([got.headers["content-type"], got.headers["vary"]], ["text/javascript; charset=utf-8", "Accept-Encoding"]);
    assert.match(String(got.headers["cache-control"]), /immutable/);
  }
  for (const name of ["main-A1.js.br", "../manifest.json", "..%2fmanifest.json", "", "main-B2.js", "constructor"]) {
    assert.equal((await get(port, `/assets/${name}`)).status, 404, name);
  }
});
