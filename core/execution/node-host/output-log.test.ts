import assert from "node:assert/strict";
import { mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { seededRandom } from "../../../testkit/virtual-clock.ts";
import { CharacterGate, completeLength } from "./complete-characters.ts";
import { temporaryDirectory } from "./host-for-test.ts";
import { OutputLog, type OutputPiece } from "./output-log.ts";
import type { OutputStream } from "./output-tail.ts";

interface Piece { readonly stream: OutputStream; readonly bytes: Buffer }

function readAll(log: OutputLog, from: number, bytesMax: number): OutputPiece[] {
  const pieces: OutputPiece[] = [];
  const cursor = log.seek(from);
  for (let piece = log.read(cursor, bytesMax); piece !== undefined; piece = log.read(cursor, bytesMax)) pieces.push(piece);
  return pieces;
}

/** Random writes are compared with a plain list of what was written. */
test("whatever is appended is read back from any offset, by stream, also after closing", () => {
  const dir = temporaryDirectory();
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const log = new OutputLog(join(dir, `log-${seed}`), 1_000_000, 100);
    const written: Piece[] = [];
    for (let count = 0; count < 200; count++) {
      const bytes = Buffer.alloc(1 + Math.floor(random() * 300), 97 + (count % 26));
      const piece: Piece = { stream: random() < 0.5 ? "stdout" : "stderr", bytes };
      log.append(piece.stream, piece.bytes);
      written.push(piece);
    }
    const whole = Buffer.concat(written.map((piece) => piece.bytes));
    const check = (read: OutputLog): void => {
      const from = Math.floor(random() * whole.length);
      const pieces = readAll(read, from, 1 + Math.floor(random() * 500));
      assert.equal(Buffer.concat(pieces.map((piece) => piece.bytes)).toString(), whole.subarray(from).toString(), `seed ${seed}`);
      let next = from;
      for (const piece of pieces) {
        assert.equal(piece.offset, next);
        next += piece.bytes.length;
      }
      for (const stream of ["stdout", "stderr"] as const) {
        const all = readAll(read, 0, 700).filter((piece) => piece.stream === stream).map((piece) => piece.bytes);
        assert.deepEqual(Buffer.concat(all), Buffer.concat(written.filter((piece) => piece.stream === stream).map((piece) => piece.bytes)));
      }
    };
    check(log);
    log.close();
    check(log);
    const again = OutputLog.reopen(join(dir, `log-${seed}`), log.sizes);
    check(again);
    assert.deepEqual(again.summarize(1_000_000), log.summarize(1_000_000));
    again.close();
    log.close();
  }
  rmSync(dir, { recursive: true });
});

test("beyond the limit head and tail are kept, wherever the cut falls", () => {
  const dir = temporaryDirectory();
  for (const total of [1_000, 1_001, 1_010, 1_400, 1_500, 2_000, 5_000, 100_000]) {
    const log = new OutputLog(join(dir, `log-${total}`), 1_000, 500);
    const whole = Buffer.from(Array.from({ length: total }, (_, index) => 97 + (index % 23)));
    for (let at = 0; at < total; at += 77) log.append("stdout", whole.subarray(at, at + 77));
    const { stdout, truncated } = log.summarize(1_000);
    if (total === 1_000) assert.equal(stdout, whole.toString());
    else {
      const [head, tail] = [whole.subarray(0, 500).toString(), whole.subarray(total - 500).toString()];
      assert.equal(stdout, `${head}\n[... ${total - 1_000} bytes left out ...]\n${tail}`, `total ${total}`);
    }
    assert.equal(truncated, total > 1_000);
    log.close();
  }
  rmSync(dir, { recursive: true });
});

test("a program that changes the stream with every byte does not fill the disk or the memory", () => {
  const dir = temporaryDirectory();
  const log = new OutputLog(join(dir, "log"), 10_000, 5_000);
  const one = Buffer.from("x");
  for (let count = 0; count < 100_000; count++) log.append(count % 2 === 0 ? "stdout" : "stderr", one);
  assert.equal(log.totalBytes, 100_000);
  assert.ok(statSync(join(dir, "log")).size <= 20_010);
  const { stdout, stderr } = log.summarize(10_000);
  assert.ok(stdout.length + stderr.length < 10_200);
  log.close();
  const large = new OutputLog(join(dir, "large"), 10_000_000, 5_000);
  for (let count = 0; count < 100_000; count++) large.append(count % 2 === 0 ? "stdout" : "stderr", one);
  assert.deepEqual([large.totalBytes, large.storedBytes], [100_000, 65_536], "nobody has to look through more headers");
  large.close();
  rmSync(dir, { recursive: true });
});

test("a disk that refuses writes loses output, not the command", () => {
  const dir = temporaryDirectory();
  mkdirSync(join(dir, "log"));
  const log = new OutputLog(join(dir, "log"), 1_000, 500);
  log.append("stdout", Buffer.from("lost and found"));
  assert.deepEqual(log.sizes, { stdoutBytes: 14, stderrBytes: 0, storedBytes: 0 });
  assert.equal(log.summarize(1_000).stdout, "lost and found");
  rmSync(dir, { recursive: true });
});

test("characters are never cut, and bytes that are none pass through", () => {
  const text = Buffer.from("aé€😀z");
  for (let cut = 0; cut <= text.length; cut++) {
    const gate = new CharacterGate();
    const parts = [gate.push(text.subarray(0, cut)), gate.push(text.subarray(cut)), gate.flush()];
    assert.equal(parts.map((part) => part.toString()).join(""), "aé€😀z", `cut at ${cut}`);
  }
  const gate = new CharacterGate();
  const odd = Buffer.from([0xff, 0x80, 0x80, 0x80, 0x80, 0xc3]);
  assert.deepEqual(Buffer.concat([gate.push(odd), gate.flush()]), odd);
  assert.equal(completeLength(Buffer.from([0x80, 0x80, 0x80, 0x80])), 4);
});
