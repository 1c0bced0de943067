import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { EventParser } from "./parse-events.ts";

function parse(chunks: readonly (string | Buffer)[]): string[] {
  const events: string[] = [];
  const parser = new EventParser((data) => events.push(data));
  for (const chunk of chunks) parser.push(Buffer.from(chunk));
  parser.end();
  return events;
}

const STREAM = "\ufeff: a comment\r\nevent: message\r\ndata: {\"a\":\"grüße 🦞\"}\r\n\r\n"
  + "id: 7\ndata:first\ndata: second\n\ndata\n\nretry: 3\n\ndatabase: no\n\ndata: [DONE]\n\n";
const EVENTS = ["{\"a\":\"grüße 🦞\"}", "first\nsecond", "", "[DONE]"];

test("comments, other fields, CRLF, a byte order mark and data over several lines are read as the standard says", () => {
  assert.deepEqual(parse([STREAM]), EVENTS);
});

test("wherever the bytes are cut, also within a character, the events are the same", () => {
  const bytes = Buffer.from(STREAM);
  for (let at = 1; at < bytes.length; at += 1) assert.deepEqual(parse([bytes.subarray(0, at), bytes.subarray(at)]), EVENTS, `cut at ${at}`);
  assert.deepEqual(parse([...bytes].map((byte) => Buffer.of(byte))), EVENTS);
});

test("the last event counts although its empty line, or its line's end, is missing", () => {
  assert.deepEqual(parse(["data: one\n"]), ["one"]);
  assert.deepEqual(parse(["data: one\n\ndata: [DONE]"]), ["one", "[DONE]"]);
});

test("a line, and an event of many lines, is refused beyond 4 MiB", () => {
  const endless = new EventParser(() => {});
  const piece = Buffer.alloc(1_048_576, 0x61);
  assert.throws(() => {
    for (let pieces = 0; pieces < 5; pieces += 1) endless.push(piece);
  }, (error) => hasCode(error, "MODEL_OUTPUT_INVALID"));
  const many = new EventParser(() => {});
  const line = Buffer.from(`data: ${"a".repeat(1_000_000)}\n`);
  assert.throws(() => {
    for (let lines = 0; lines < 5; lines += 1) many.push(line);
  }, (error) => hasCode(error, "MODEL_OUTPUT_INVALID"));
});
