import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { startGateway, type TestGateway } from "../test-gateway.ts";

const PAGE = '<!doctype html><html lang="en"><head><script>let a = 1;</script><script src="./assets/app.js"></script></head></html>';

interface Got { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly body: string }

/** As it is: no client of ours tidies the path. */
async function get({ gateway }: TestGateway, path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Got> {
  const sent = request({ host: "127.0.0.1", port: gateway.port, path, method, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

function makeRoot(t: TestContext): { readonly root: string; readonly outside: string } {
  const dir = mkdtempSync(join(tmpdir(), "dashboard-files-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const root = join(dir, "root");
  mkdirSync(join(root, "assets"), { recursive: true });
  writeFileSync(join(root, "index.html"), PAGE);
  writeFileSync(join(root, "assets", "app.js"), "run();");
  writeFileSync(join(root, "empty.css"), "");
  writeFileSync(join(root, ".hidden"), "secret");
  const outside = join(dir, "outside.txt");
  writeFileSync(outside, "secret");
  symlinkSync(outside, join(root, "link.txt"));
  return { root, outside };
}

test("the dashboard that the owner named is served with its place in its page (W.9.11, S4.28, S4.30)", async (t) => {
  const { root } = makeRoot(t);
  await using running = await startGateway({ page: () => ({ enabled: true, basePath: "/ui/", root }) });
  for (const path of ["/ui", "/ui/", "/ui/chat/main", "/ui/index.html"]) {
    const page = await get(running, path, { accept: "text/html,*/*;q=0.8" });
    assert.equal(page.status, 200, path);
    assert.match(page.body, /<html data-openclaw-control-ui-base-path="\/ui" lang="en">.*src="\/ui\/assets\/app\.js"/);
    const policy = String(page.headers["content-security-policy"]);
    assert.match(policy, /script-src 'self' 'wasm-unsafe-eval' 'sha256-[A-Za-z0-9+/]{43}='; /, "the one script that stands in it");
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(page.headers["x-frame-options"], "DENY");
  }
  const script = await get(running, "/ui/assets/app.js");
  assert.deepEqual([script.status, script.headers["content-type"], script.body], [200, "text/javascript; charset=utf-8", "run();"]);
  assert.equal((await get(running, "/ui/assets/app.js", { "if-modified-since": String(script.headers["last-modified"]) })).status, 304);
  assert.deepEqual((await get(running, "/ui/assets/app.js", {}, "HEAD")).body, "");
  assert.deepEqual((await get(running, "/ui/empty.css")).status, 200);
  assert.equal((await get(running, "/ui/assets/gone.js")).status, 404);
  assert.equal((await get(running, "/ui/chat", { accept: "application/json" })).status, 404, "a script that looks for something");
  assert.equal((await get(running, "/other")).status, 404);
});

test("no address leaves the dashboard's directory: dots, encodings, links, hidden files (W.9.11)", async (t) => {
  const { root, outside } = makeRoot(t);
  await using running = await startGateway({ page: () => ({ enabled: true, basePath: "/", root }) });
  for (const path of [
    "/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/assets/../../outside.txt", "/assets/..%5c..%5coutside.txt", "/.hidden",
    "/assets/%00", "/%ff", "/link.txt", `/${outside}`, `//${outside}`, `/${"a/".repeat(2_000)}x.js`,
  ]) {
    const got = await get(running, path, { accept: "*/*" });
    assert.equal(got.status, 404, path);
    assert.equal(got.body.includes("secret"), false, path);
  }
  assert.equal((await get(running, "/", { host: "evil.example" })).status, 403);
});

test("a directory that is gone is told, and a dashboard that is off is not there", async (t) => {
  const { root } = makeRoot(t);
  const page = { enabled: true, basePath: "/", root: join(root, "nowhere") };
  await using running = await startGateway({ page: () => page });
  const gone = await get(running, "/");
  assert.deepEqual([gone.status, /gateway\.controlUi\.root/.test(gone.body)], [503, true]);
  Object.assign(page, { enabled: false });
  assert.equal((await get(running, "/")).status, 404);
});
