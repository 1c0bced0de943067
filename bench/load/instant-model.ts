/**
 * A model that answers at once, over the chat-completions wire, and keeps the time for which it held each request.
 *
 * The last user message says what to do: `[[id NAME]]` to be found again, `[[tokens COUNT MS]]` to stream that many words
 * that far apart, each of them the moment at which it was sent, `[[call NAME {json}]]` to call a tool first. Anything else
 * is answered with eight words in one write. `GET /held` tells, by id, when each request arrived and was answered.
 * Prints its port. Ends with whoever started it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Held { readonly arrivedMs: number; endedMs: number; readonly bytes: number }

interface Message { readonly role: string; readonly content?: string | null }

const held = new Map<string, Held[]>();
const WORDS = ["one", " two", " three", " four", " five", " six", " seven", " eight"];

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

function chunk(delta: object, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return `data: ${JSON.stringify({ id: "bench", object: "chat.completion.chunk", created: 0, model: "instant", choices })}\n\n`;
}

const END = `${chunk({}, "stop")}data: [DONE]\n\n`;
const INSTANT = `${chunk({ role: "assistant", content: "" })}${WORDS.map((content) => chunk({ content })).join("")}${END}`;

async function answer(body: string, arrivedMs: number, response: ServerResponse): Promise<void> {
  const { messages } = JSON.parse(body) as { readonly messages: readonly Message[] };
  const asked = messages.findLast((message) => message.role === "user")?.content ?? "";
  const entry: Held = { arrivedMs, endedMs: arrivedMs, bytes: Buffer.byteLength(body) };
  const id = /\[\[id ([\w-]+)\]\]/.exec(asked)?.[1];
  if (id !== undefined) held.set(id, [...(held.get(id) ?? []), entry]);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const call = /\[\[call (\w+) (\{.*\})\]\]/.exec(asked);
  const tokens = /\[\[tokens (\d+) (\d+)\]\]/.exec(asked);
  if (call !== null && messages.at(-1)?.role !== "tool") {
    const calls = [{ index: 0, id: `call_${messages.length}`, type: "function", function: { name: call[1], arguments: call[2] } }];
    response.end(chunk({ role: "assistant", content: null, tool_calls: calls }) + chunk({}, "tool_calls") + "data: [DONE]\n\n");
  } else if (tokens !== null) {
    await stream(Number(tokens[1]), Number(tokens[2]), response);
  } else {
    response.end(INSTANT);
  }
  entry.endedMs = nowMs();
}

async function stream(count: number, gapMs: number, response: ServerResponse): Promise<void> {
  response.write(chunk({ role: "assistant", content: "" }));
  for (let at = 0; at < count && !response.destroyed; at += 1) {
    await new Promise((resolve) => setTimeout(resolve, gapMs));
    response.write(chunk({ content: `@${nowMs().toFixed(2)} ` }));
  }
  response.end(END);
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (request: IncomingMessage, response: ServerResponse) => {
  const arrivedMs = nowMs();
  if (request.url === "/held") {
    response.end(JSON.stringify(Object.fromEntries(held)));
    held.clear();
    return;
  }
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => void answer(Buffer.concat(pieces).toString(), arrivedMs, response).catch(() => response.destroy()));
});
server.listen(0, "127.0.0.1", 4_096, () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
process.once("disconnect", () => process.exit(0));
