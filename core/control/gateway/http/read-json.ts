import type { IncomingMessage } from "node:http";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";

/** The body as a JSON object. Throws 413 at the first byte too many, 400 for anything that is not a JSON object. */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<Readonly<Record<string, unknown>>> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw invalidRequest("The request body is not JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidRequest("The request body is not a JSON object.");
  return value as Readonly<Record<string, unknown>>;
}

function tooLarge(bytesMax: number): HttpRefusal {
  return new HttpRefusal(413, `The request body is larger than ${bytesMax} bytes.`, { code: "TOO_LARGE" });
}
