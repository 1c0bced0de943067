import test from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { hasCode } from "@openclaw/protocol";
import { qrToPngDataUrl, qrToSvg, qrToText } from "./draw-qr.ts";
import { encodeQr, type QrCode } from "./encode-qr.ts";
import { checkBytes, multiply } from "./reed-solomon.ts";

const textOf = (length: number): string => Array.from(
  { length }, (_, at) => "abcdefghijkLMNOP0123456789-_:/"[(at * 7 + length) % 30],
).join("");
const digestOf = (code: QrCode): string => {
  const rows = Array.from(
    { length: code.size }, (_, y) => Array.from({ length: code.size }, (_unused, x) => (code.isDark(x, y) ? "1" : "0")).join(""),
  );
  return createHash("sha256").update(rows.join("\n")).digest("hex").slice(0, 16);
};

// What each of these says was read back by a decoder written elsewhere.
const READ_BACK = [
  [1, 21, "d53d64a0afc737a1"],
  [14, 21, "d523c05743816dc3"],
  [60, 33, "70921076898017ab"],
  [122, 45, "c9237ed3a756ae39"],
  [214, 61, "79fef62cea5d2893"],
  [300, 69, "edc503b5f9758de5"],
  [600, 93, "a2785f1f3d84a4cf"],
  [1300, 137, "47e92fa681ccc5f7"],
  [2331, 177, "f200cb49d63c41c5"],
] as const;

test("codes are those that an independent reader read, from the smallest version to the largest (S4.18)", () => {
  for (const [length, size, digest] of READ_BACK) {
    const code = encodeQr(textOf(length));
    assert.deepEqual([code.size, digestOf(code)], [size, digest], `${length} bytes`);
  }
});

test("the smallest version that holds the text is taken; what none holds is refused (S4.18)", () => {
  assert.deepEqual([14, 15, 2_331].map((length) => encodeQr("x".repeat(length)).size), [21, 25, 177]);
  assert.throws(() => encodeQr("x".repeat(2_332)), (error) => hasCode(error, "TOO_LARGE"));
  assert.equal(encodeQr("ü".repeat(7)).size, 21, "counted in bytes");
});

test("check bytes leave no remainder (S4.18)", () => {
  const data = Uint8Array.from({ length: 43 }, (_, at) => (at * 31 + 7) & 0xff);
  const whole = [...data, ...checkBytes(data, 18)];
  for (let root = 1, step = 0; step < 18; step += 1, root = multiply(root, 2)) {
    assert.equal(whole.reduce((sum, byte) => multiply(sum, root) ^ byte, 0), 0);
  }
});

test("the picture, the drawing and the characters show the same modules within their quiet zone (S4.18)", () => {
  const code = encodeQr("oc-pair://abc");
  const png = Buffer.from(qrToPngDataUrl(code).replace("data:image/png;base64,", ""), "base64");
  const side = png.readUInt32BE(16);
  assert.equal(side, (code.size + 8) * 6);
  const rows = inflateSync(png.subarray(png.indexOf("IDAT") + 4, png.indexOf("IEND") - 8));
  const isDark = (x: number, y: number): boolean => ((rows[y * (Math.ceil(side / 8) + 1) + 1 + (x >> 3)] ?? 0) & (0x80 >> (x & 7))) === 0;
  for (let y = 0; y < code.size; y += 1) for (let x = 0; x < code.size; x += 1) {
    assert.equal(isDark((x + 4) * 6 + 3, (y + 4) * 6 + 3), code.isDark(x, y));
  }
  assert.equal(isDark(3, 3), false, "quiet");
  assert.equal((qrToSvg(code).match(/h1v1h-1z/g) ?? []).length, code.size ** 2 - lightModules(code));
  const lines = qrToText(code).split("\n");
  assert.deepEqual([lines.length, lines[0]?.length], [Math.ceil((code.size + 8) / 2), code.size + 8]);
});

function lightModules(code: QrCode): number {
  let light = 0;
  for (let y = 0; y < code.size; y += 1) for (let x = 0; x < code.size; x += 1) if (!code.isDark(x, y)) light += 1;
  return light;
}
