/** A QR code as a picture or as characters. Every form has the quiet zone that readers need. */
import { deflateSync, crc32 } from "node:zlib";
import type { QrCode } from "./encode-qr.ts";

const QUIET = 4;
const PNG_SCALE = 6;
const PNG_HEAD = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** `data:image/png;base64,…`, one bit a pixel. */
export function qrToPngDataUrl(code: QrCode): string {
  const side = (code.size + 2 * QUIET) * PNG_SCALE;
  const rowBytes = Math.ceil(side / 8);
  const rows = Buffer.alloc((rowBytes + 1) * side, 0xff);
  for (let y = 0; y < side; y += 1) {
    const row = y * (rowBytes + 1);
    rows[row] = 0; // no filter
    for (let x = 0; x < side; x += 1) {
      if (!isDarkAt(code, Math.floor(x / PNG_SCALE), Math.floor(y / PNG_SCALE))) continue;
      const at = row + 1 + (x >> 3);
      rows[at] = (rows[at] ?? 0) & ~(0x80 >> (x & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // one bit, greyscale
  const png = Buffer.concat([PNG_HEAD, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
  return `data:image/png;base64,${png.toString("base64")}`;
}

export function qrToSvg(code: QrCode): string {
  const side = code.size + 2 * QUIET;
  const parts: string[] = [];
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) if (code.isDark(x, y)) parts.push(`M${x + QUIET} ${y + QUIET}h1v1h-1z`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">`
    + `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${parts.join("")}"/></svg>`;
}

/** Two modules to a character, light on dark, so that it reads on a dark screen as well as on a light one. */
export function qrToText(code: QrCode): string {
  const lines: string[] = [];
  for (let y = 0; y < code.size + 2 * QUIET; y += 2) {
    let line = "";
    for (let x = 0; x < code.size + 2 * QUIET; x += 1) {
      const [top, bottom] = [!isDarkAt(code, x, y), !isDarkAt(code, x, y + 1)];
      line += top ? (bottom ? "█" : "▀") : bottom ? "▄" : " ";
    }
    lines.push(line);
  }
  return lines.join("\n");
}

function isDarkAt(code: QrCode, x: number, y: number): boolean {
  const [column, row] = [x - QUIET, y - QUIET];
  return column >= 0 && row >= 0 && column < code.size && row < code.size && code.isDark(column, row);
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "ascii"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
