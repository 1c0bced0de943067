/** Files that come with messages, through the real program: to the model, into the store, to whoever may read them, and away again. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import { codeOf } from "@openclaw/protocol";
import { openBrowser, openPage } from "@openclaw/testkit/browser";
import { openFakeDevice } from "@openclaw/testkit/fake-device-node";
import { openRealGateway, type RealGateway, type Watched } from "@openclaw/testkit/real-gateway";
import { callMark, scriptedConfig } from "@openclaw/testkit/scripted-config";
import { openScriptedModel, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { needs } from "@openclaw/testkit/skip";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAFElEQVR4nGP8z8Dwn4GBgYGJAQoAHgQCAQ1c3xMAAAAASUVORK5CYII=";
const NOTE = "The code word is heliotrope.";
const picture = { type: "image", mimeType: "image/png", fileName: "dot.png", content: PNG };
const note = { fileName: "note.txt", content: Buffer.from(NOTE).toString("base64") };

interface Item { readonly role: string; readonly content: readonly Readonly<Record<string, unknown>>[] }

test("a picture reaches a model that takes pictures and no other, a text is read, both are kept sealed and go with their session (S4.27)",
  async (t) => {
    const model = await openScriptedModel();
    t.after(() => model.close());
    const models = [{ id: "test", input: ["text", "image"] }, { id: "blind" }];
    const server = await openTranscription(t);
    const media = { maxImageBytes: 20_000, transcription: { url: server.url, timeoutMs: 60_000 } };
    const gateway = await openRealGateway({ bare: true, config: { ...scriptedConfig(model.url, { provider: { models } }), media } });
    t.after(() => gateway.dispose());
    const watched = await gateway.connect();
    const { client } = watched;
    const { maxPayload, attachments: most } = client.hello.policy;
    assert.deepEqual(most, { maxBytes: 19_464_192, maxImageBytes: 20_000 }, "whoever connects is told what may come");
    assert.ok(Math.ceil(most.maxBytes / 3) * 4 < maxPayload, "and the largest file fits a frame");
    const large = { ...picture, content: Buffer.concat([Buffer.from(PNG, "base64"), Buffer.alloc(20_000)]).toString("base64") };
    await assert.rejects(send(watched, "large", { message: "?", attachments: [large] }), { code: "MEDIA_TOO_LARGE" });
    await send(watched, "seen", { message: "What is this?", attachments: [picture, note] });
    const seen = model.requests.at(-1);
    assert.deepEqual(seen?.images, [`data:image/png;base64,${PNG}`]);
    const said = seen.body.messages.at(-1)?.content ?? "";
    assert.match(said, /^What is this\?\n\n\[File "dot\.png": image\/png, \d+ bytes\.\]\n\n\[File "note\.txt"[^]*heliotrope/);

    await client.request("sessions.patch", { key: "main", model: "scripted/blind" });
    await send(watched, "unseen", { message: "And now?" });
    assert.deepEqual(model.requests.at(-1)?.images, []);
    assert.match(JSON.stringify(model.requests.at(-1)?.body), /takes no pictures/);

    const { messages } = (await client.request("chat.history", { sessionKey: "main" })) as { readonly messages: readonly Item[] };
    const [words, shown, text] = messages[0]?.content ?? [];
    assert.deepEqual(words, { type: "text", text: "What is this?" });
    assert.deepEqual([shown?.["type"], shown?.["mimeType"], shown?.["fileName"], shown?.["width"], shown?.["height"]],
      ["image", "image/png", "dot.png", 2, 3]);
    assert.equal(text?.["type"], "file");
    assert.ok(!JSON.stringify(messages).includes(PNG.slice(0, 40)), "bytes are no part of a transcript");
    const artifactId = String(shown?.["artifactId"]);
    const got = (await client.request("artifacts.download", { sessionKey: "main", artifactId })) as { readonly data: string };
    assert.equal(got.data, PNG);
    const refused = (more: object): Promise<unknown> =>
      client.request("artifacts.download", { sessionKey: "main", artifactId, ...more }).catch(codeOf);
    assert.equal(await refused({ sessionKey: "other" }), "NOT_FOUND");
    assert.equal(await refused({ artifactId: "../../openclaw.json" }), "NOT_FOUND");
    const { artifacts } = (await client.request("artifacts.list", { sessionKey: "main" })) as { readonly artifacts: readonly object[] };
    assert.equal(artifacts.length, 2);
    assert.equal(await blobsWith(gateway.stateDir, "heliotrope"), 0, "what is stored is sealed");

    await bringAndRead(gateway, watched);
    await hearTwice(gateway, model, watched, server);

    const again = await gateway.connect();
    await send(again, "gone", { sessionKey: "short", message: "", attachments: [note] });
    const before = await blobs(gateway.stateDir);
    await again.client.request("sessions.delete", { key: "short" });
    assert.equal((await blobs(gateway.stateDir)).length, before.length - 1, "a deleted session keeps no files");
  });

test("the gateway dies between the file and its message: sent again under the same key, both are there once (S4.27, S0.16)", async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const gateway = await openRealGateway({ bare: true, config: scriptedConfig(model.url) });
  t.after(() => gateway.dispose());
  await gateway.stop();
  await gateway.start({ OPENCLAW_CRASH_AT: "attachments.kept" });
  const first = await gateway.connect();
  const params = { sessionKey: "main", message: "read it", idempotencyKey: "once", attachments: [note] };
  await assert.rejects(first.client.request("chat.send", params));
  await gateway.gone();
  await gateway.start();
  const watched = await gateway.connect();
  await send(watched, "once", params);
  assert.equal(await client(watched, "once"), "ok");
  const { messages } = (await watched.client.request("chat.history", { sessionKey: "main" })) as { readonly messages: readonly Item[] };
  assert.deepEqual(messages.map(({ role }) => role), ["user", "assistant"]);
  const artifactId = messages[0]?.content.find((part) => part["artifactId"] !== undefined)?.["artifactId"];
  const got = (await watched.client.request("artifacts.download", { sessionKey: "main", artifactId })) as { readonly data: string };
  assert.equal(Buffer.from(got.data, "base64").toString(), NOTE);
});

test("a person attaches pictures and a drawing: they are shown small, also after a reload, and whole when asked for; a drawing is only "
  + "saved, what hides in a file never runs, and what a device took is shown where it was taken (S4.27, S4.29)", needs("chromium"),
async (t) => {
  const model = await openScriptedModel();
  t.after(() => model.close());
  const nodes = { nodes: { commands: { allow: ["camera.snap"] } } };
  const gateway = await openRealGateway({ bare: true, config: { ...scriptedConfig(model.url), gateway: nodes } });
  t.after(() => gateway.dispose());
  const { page, context, findBarriers } = await openPage(t, await openBrowser(t), gateway, { width: 360, height: 760, theme: "dark" });
  const script = "<script>document.title = 'ran'</script>";
  const photo = noise(800, 600);
  await page.locator('input[type="file"]').setInputFiles([
    { name: "dot.png", mimeType: "image/png", buffer: Buffer.concat([Buffer.from(PNG, "base64"), Buffer.from(`<html>${script}`)]) },
    { name: "drawing.svg", mimeType: "image/svg+xml", buffer: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`) },
    { name: "photo.png", mimeType: "image/png", buffer: photo },
  ]);
  await page.getByLabel("Your message").fill("look at these");
  await page.keyboard.press("Enter"); // the message waits for what is on its way
  const picture = page.getByRole("img", { name: "dot.png" });
  const small = page.getByRole("img", { name: "photo.png" });
  await picture.waitFor();
  await small.waitFor();
  await manyPhotos(gateway, noise(200, 180));
  const holds = async (what: string): Promise<void> => {
    for (let tries = 0; tries < 1_000 && !(await page.evaluate(what)); tries += 1) await page.waitForTimeout(20);
    assert.ok(await page.evaluate(what), what);
  };
  const sizes: number[] = [];
  page.on("response", (response) => {
    if (new URL(response.url()).pathname.startsWith("/media/")) sizes.push(Number(response.headers()["content-length"]));
  });
  await page.reload();
  await page.getByRole("img", { name: "photo 47.png" }).waitFor();
  await holds("document.images.length === 50 && document.images[49].complete");
  assert.ok(sizes.length > 0 && Math.max(...sizes) < 100_000, `no original of fifty is fetched to show them: ${sizes.join()}`);
  await small.scrollIntoViewIfNeeded();
  await page.getByRole("button", { name: "Show photo.png" }).click();
  const widthOf = (name: string): string => `[...document.images].find((one) => one.alt === "${name}")`;
  await holds(`${widthOf("photo.png")}.naturalWidth === 800`);
  const decoded = `${widthOf("dot.png")}.decode().then(() => [${widthOf("dot.png")}.naturalWidth, ${widthOf("dot.png")}.naturalHeight])`;
  assert.deepEqual(await page.evaluate(decoded), [2, 3]);
  assert.match(String(await picture.getAttribute("src")), /^\/media\//);
  assert.equal(await page.getByRole("img", { name: "drawing.svg" }).count(), 0, "a drawing with a script is no picture");
  assert.deepEqual(await findBarriers(), []);
  const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save drawing.svg" }).click()]);
  assert.equal(saved.suggestedFilename(), "drawing.svg");

  const phone = await openFakeDevice(gateway, { name: "phone", platform: "ios", commands: ["camera.snap"],
    answers: { "camera.snap": () => ({ format: "png", base64: PNG, width: 2, height: 3 }) } });
  await page.getByLabel("Your message").fill(`look out ${callMark("nodes", { action: "camera_snap", node: "phone", params: {} })}`);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Allow once" }).click();
  await page.locator(".entry .media img[alt='image-1.png']").waitFor();
  phone.close();
  const shown = await page.evaluate("[document.title, document.documentElement.scrollWidth]") as readonly [string, number];
  assert.ok(!shown[0].includes("ran") && shown[1] === 360, String(shown));
  await context.close();
});

/** Forty-eight of them in three messages, each with a small one beside it. */
async function manyPhotos(gateway: RealGateway, photo: Buffer): Promise<void> {
  const watched = await gateway.connect();
  const bring = (bytes: Buffer, facts: object): Promise<string> => bringOver(gateway, watched, bytes, facts);
  for (let from = 0; from < 48; from += 16) {
    const attachments = await Promise.all(Array.from({ length: 16 }, async (_, at) => {
      const thumbnailId = await bring(Buffer.from(PNG, "base64"), { fileName: "thumbnail.png" });
      return { artifactId: await bring(photo, { type: "image", fileName: `photo ${from + at}.png`, thumbnailId }) };
    }));
    await send(watched, `photos ${from}`, { message: "more", attachments });
  }
}

/** A PNG that does not pack: as many bytes as a photo has. */
function noise(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const head = Buffer.from("00000000000000000802000000", "hex");
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  const rows = randomBytes((width * 3 + 1) * height);
  for (let row = 0; row < height; row += 1) rows[row * (width * 3 + 1)] = 0;
  const magic = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([magic, chunk("IHDR", head), chunk("IDAT", deflateSync(rows, { level: 1 })), chunk("IEND", Buffer.alloc(0))]);
}

async function bringOver(gateway: RealGateway, { client }: Watched, bytes: Buffer, facts: object): Promise<string> {
  const wish = { sessionKey: "main", sizeBytes: bytes.length, ...facts };
  const { url } = (await client.request("artifacts.upload", wish)) as { readonly url: string };
  for (let from = 0; ;) {
    const piece = bytes.subarray(from, from + 524_288);
    const answer = await fetch(`http://127.0.0.1:${gateway.port}${url}?from=${from}`, { method: "PUT", body: piece });
    const said = (await answer.json()) as { readonly received: number; readonly artifactId?: string };
    if (answer.status !== 200 || said.artifactId !== undefined) return said.artifactId ?? `refused with ${answer.status}`;
    from = said.received;
  }
}

/** A film is brought in pieces and read in ranges; a drawing is only ever bytes; an address is worth nothing to anybody else. */
async function bringAndRead(gateway: RealGateway, watched: Watched): Promise<void> {
  const { client } = watched;
  const at = (url: string): string => `http://127.0.0.1:${gateway.port}${url}`;
  const ask = (method: string, params: object): Promise<{ readonly url: string }> =>
    client.request(method, { sessionKey: "main", ...params }) as Promise<{ readonly url: string }>;
  const bring = (bytes: Buffer, facts: object): Promise<string> => bringOver(gateway, watched, bytes, facts);
  const frames = Buffer.from(Uint8Array.from({ length: 1_300_000 }, (_, at) => at * 7));
  const film = Buffer.concat([Buffer.from("\0\0\0\x18ftypisom", "latin1"), frames]);
  const artifactId = await bring(film, { mimeType: "video/mp4", fileName: "film.mp4" });
  assert.equal(await bring(Buffer.from("<html>"), { mimeType: "image/png" }), "refused with 400", "a false claim");
  assert.equal(await ask("artifacts.upload", { sizeBytes: 300_000_000 }).catch(codeOf), "MEDIA_TOO_LARGE");
  const drawing = await bring(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"), { mimeType: "image/svg+xml", fileName: "ä.svg" });
  await client.request("chat.send", {
    sessionKey: "main", message: "a film", idempotencyKey: "film", attachments: [{ artifactId }, { artifactId: drawing }],
  });
  assert.equal(await client.request("chat.send", {
    sessionKey: "main", message: "", idempotencyKey: "unknown", attachments: [{ artifactId: "0".repeat(64) }],
  }).catch(codeOf), "MEDIA_INVALID");
  const other = await gateway.connect();
  const { url } = (await other.client.request("artifacts.link", { sessionKey: "main", artifactId })) as { readonly url: string };
  const read = async (range?: string): Promise<readonly [number, Buffer, Headers]> => {
    const answer = await fetch(at(url), range === undefined ? {} : { headers: { range } });
    return [answer.status, Buffer.from(await answer.arrayBuffer()), answer.headers];
  };
  const [status, whole, headers] = await read();
  assert.ok(status === 200 && whole.equals(film));
  assert.deepEqual(["content-type", "x-content-type-options", "content-security-policy", "accept-ranges", "cache-control"].map((name) =>
    headers.get(name)), ["video/mp4", "nosniff", "default-src 'none'; sandbox", "bytes", "private, no-store"]);
  const [part, bytes] = await read("bytes=1048570-1048585");
  assert.ok(part === 206 && bytes.equals(film.subarray(1_048_570, 1_048_586)), "across the border of two pieces");
  assert.equal((await read("bytes=-4"))[1].toString("hex"), film.subarray(-4).toString("hex"));
  assert.equal((await read("bytes=9000000-"))[0], 416);
  const saved = await fetch(at((await ask("artifacts.link", { artifactId: drawing })).url));
  assert.equal(saved.headers.get("content-type"), "application/octet-stream", "a drawing may hold a program");
  assert.equal(saved.headers.get("content-disposition"), "attachment; filename*=UTF-8''%C3%A4.svg");
  assert.equal((await fetch(at(`${url.slice(0, -1)}_`))).status, 404);
  assert.equal((await fetch(at(url), { headers: { origin: "http://elsewhere.example" } })).status, 403);
  other.client.close();
  // An address ends with the connection it was made on.
  for (let tries = 0; tries < 300 && (await read("bytes=0-0"))[0] !== 404; tries += 1) await client.request("health");
  assert.equal((await read("bytes=0-0"))[0], 404);
}

interface Transcription { readonly url: string; readonly asked: string[]; answer: (response: ServerResponse) => void }

/** A server of the OpenAI interface that hears what the test says. */
async function openTranscription(t: TestContext): Promise<Transcription> {
  const told: Transcription = { url: "", asked: [], answer: (response) => void response.end(JSON.stringify({ text: "Rain at noon." })) };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      told.asked.push(`${request.method} ${request.url}\n${Buffer.concat(chunks).toString("latin1")}`);
      told.answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => void server.close());
  return Object.assign(told, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/audio/transcriptions` });
}

/** A recording becomes words once, durably, as data from outside; where nobody can tell, that is said, and the turn goes on. */
async function hearTwice(gateway: RealGateway, model: ScriptedModel, watched: Watched, server: Transcription): Promise<void> {
  const sound = (name: string): object => ({ fileName: name, content: Buffer.from(`OggS\0 ${name}`).toString("base64") });
  await send(watched, "heard", { sessionKey: "voice", message: "listen", attachments: [sound("note.ogg")] });
  assert.equal(server.asked.length, 1);
  assert.match(server.asked[0] ?? "", /^POST \/v1\/audio\/transcriptions\n[^]*name="file"; filename="note\.ogg"[^]*OggS[^]*whisper-1/);
  const prompt = (): string => JSON.stringify(model.requests.at(-1)?.body.messages);
  assert.match(prompt(), /What a program heard in it follows, as data\.\]\\nRain at noon\.\\n\[End/);
  server.answer = (response) => void response.writeHead(500).end("the model is not loaded");
  await send(watched, "unheard", { sessionKey: "voice", message: "", attachments: [sound("other.ogg")] });
  assert.match(prompt(), /What it says is not known: [^]* The server answered 500: the model is not loaded \(TRANSCRIPTION_FAILED\)/);
  await gateway.stop();
  await gateway.start();
  const after = await gateway.connect();
  await send(after, "again", { sessionKey: "voice", message: "what did I say?" });
  assert.equal(server.asked.length, 2, "neither is asked for again");
  assert.match(prompt(), /Rain at noon/);
  const { messages } = (await after.client.request("chat.history", { sessionKey: "voice" })) as { readonly messages: readonly Item[] };
  const transcripts = messages.flatMap(({ content }) => content.flatMap((part) => part["transcript"] ?? []));
  const why = "What a recording says could not be found out. The server answered 500: the model is not loaded";
  assert.deepEqual(transcripts, [{ text: "Rain at noon." }, { code: "TRANSCRIPTION_FAILED", why }]);
}

async function send(watched: Watched, idempotencyKey: string, params: object): Promise<void> {
  await watched.client.request("chat.send", { sessionKey: "main", idempotencyKey, ...params });
  await client(watched, idempotencyKey);
}

async function client(watched: Watched, runId: string): Promise<unknown> {
  return ((await watched.client.request("agent.wait", { runId, timeoutMs: 20_000 })) as { readonly status: string }).status;
}

async function blobs(stateDir: string): Promise<readonly string[]> {
  const entries = await readdir(join(stateDir, "blobs"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function blobsWith(stateDir: string, text: string): Promise<number> {
  const all = await Promise.all((await blobs(stateDir)).map((file) => readFile(file)));
  return all.filter((bytes) => bytes.includes(text)).length;
}
