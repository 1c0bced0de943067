import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { MEDIA_DEFAULTS } from "./config.ts";
import { readAttachments } from "./read-attachments.ts";
import { sniff } from "./sniff.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAFElEQVR4nGP8z8Dwn4GBgYGJAQoAHgQCAQ1c3xMAAAAASUVORK5CYII=", "base64",
);
const SVG = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const read = async (more: object, limits = MEDIA_DEFAULTS) => {
  const [file] = await readAttachments([{ content: base64(PNG), ...more }], limits);
  assert.ok(file !== undefined && "content" in file);
  return file;
};

test("a file is what its bytes say: the beginning decides, a picture brings its size (S4.27)", () => {
  assert.deepEqual(sniff(PNG), { kind: "image", mimeType: "image/png", width: 2, height: 3 });
  const jpeg = Buffer.from("ffd8ffe000104a46494600010100000100010000ffc0000b080011002201011100", "hex");
  assert.deepEqual(sniff(jpeg), { kind: "image", mimeType: "image/jpeg", height: 17, width: 34 });
  const kinds = (text: string | Buffer): string => sniff(Buffer.from(text as string, "latin1")).mimeType;
  assert.deepEqual([kinds("RIFF1234WAVEfmt "), kinds("OggS\0"), kinds("\0\0\0\x18ftypisom"), kinds("%PDF-1.7"), kinds("\x1aE\xdf\xa3")],
    ["audio/wav", "audio/ogg", "video/mp4", "application/pdf", "video/webm"]);
  assert.equal(kinds("\x1aE\xdf\xa3 webm A_OPUS"), "audio/webm", "what a browser records a voice into");
  assert.equal(kinds("\x1aE\xdf\xa3 webm A_OPUS V_VP9"), "video/webm");
  assert.equal(sniff(Buffer.from([0xff, 0xfb, 0x90])).mimeType, "audio/mpeg");
  assert.equal(sniff(Buffer.from("größer\n")).kind, "text");
  assert.equal(sniff(Buffer.from([0x61, 0x00, 0x62])).kind, "file");
  assert.equal(sniff(Buffer.from([0x61, 0xc3])).kind, "file", "half a character is no text");
  assert.equal(sniff(PNG.subarray(0, 12)).kind, "image", "cut short it has no size, and throws nothing");
});

test("what a browser would run is never a picture: HTML behind a picture's beginning is one, SVG and HTML are texts (S4.27)", async () => {
  assert.equal(sniff(Buffer.concat([PNG, Buffer.from("<script>alert(1)</script>")])).mimeType, "image/png");
  assert.deepEqual([sniff(SVG), sniff(Buffer.from("<!doctype html><script>alert(1)</script>"))].map(({ mimeType }) => mimeType),
    ["text/plain", "text/plain"]);
  assert.equal((await read({ content: base64(SVG), mimeType: "image/svg+xml", fileName: "a.svg" }))?.kind, "text");
});

test("a false claim is refused, a wrong type for a file is not one (S4.27)", async () => {
  for (const claim of [{ mimeType: "image/png" }, { type: "image" }, { mimeType: "video/mp4" }]) {
    await assert.rejects(read({ ...claim, content: base64(Buffer.from("<html>")) }), (error) => hasCode(error, "MEDIA_INVALID"));
  }
  await assert.rejects(read({ mimeType: "audio/mpeg" }),
    (error) => hasCode(error, "MEDIA_INVALID") && /bytes are image\/png/.test(String(error)));
  assert.equal((await read({ mimeType: "image/jpeg" }))?.mimeType, "image/png", "which picture it is, its bytes say");
  assert.equal((await read({ mimeType: "application/octet-stream" }))?.mimeType, "image/png");
});

test("what is cut, empty or not base64 is refused, a data URL is taken (S4.27)", async () => {
  const invalid = (more: object): Promise<void> => assert.rejects(read(more), (error) => hasCode(error, "MEDIA_INVALID"));
  for (const content of ["", undefined, "!!!!", `${base64(PNG)}*`]) await invalid({ content });
  await invalid({ sizeBytes: PNG.length + 1 });
  assert.equal((await read({ sizeBytes: PNG.length }))?.bytes, PNG.length);
  assert.deepEqual(Buffer.from((await read({ content: `data:image/png;base64,${base64(PNG)}` })).content), PNG);
});

test("a name is the last part of a path and breaks no line; without one it is named by what it is (S4.27)", async () => {
  const name = async (fileName?: string): Promise<string> => (await read(fileName === undefined ? {} : { fileName })).name;
  assert.deepEqual(await Promise.all(["../../etc/passwd.png", "C:\\x\\y.png", "a\r\nb\"c.png", "...hidden", "\u202Egnp.exe"].map(name)),
    ["passwd.png", "y.png", "abc.png", "hidden", "gnp.exe"]);
  assert.equal((await name("x".repeat(500))).length, 120);
  assert.equal(await name(), "image-1.png");
});

test("each kind has its limit, all together have one, and of texts a model is shown so much (S4.27)", async () => {
  const large = (limits: object, more: object = {}): Promise<void> => assert.rejects(
    read(more, { ...MEDIA_DEFAULTS, ...limits }), (error) => hasCode(error, "MEDIA_TOO_LARGE"));
  await large({ maxImageBytes: PNG.length - 1 });
  await large({ maxBytes: PNG.length - 1 });
  await large({ maxFileBytes: 3 }, { content: base64(Buffer.from("text")) });
  const two = [{ content: base64(PNG) }, { content: base64(PNG) }];
  for (const limits of [{ maxBytes: PNG.length * 2 - 1 }, { filesMax: 1 }]) {
    await assert.rejects(readAttachments(two, { ...MEDIA_DEFAULTS, ...limits }), (error) => hasCode(error, "MEDIA_TOO_LARGE"));
  }
  const texts = [{ content: base64(Buffer.from("äbcdef")) }, { content: base64(Buffer.from("second")) }];
  const shown = await readAttachments(texts, { ...MEDIA_DEFAULTS, textCharsMax: 8 });
  assert.deepEqual(shown.map((file) => ("content" in file ? file.text : "")), ["äbcdef", "se"]);
});
