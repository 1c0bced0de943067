/** A program that draws on the screen itself for a while: keys come raw, and when it ends everything is as it was. */
import type { Clock } from "../../base/clock.ts";
import { createKeyReader, type Key } from "./keys.ts";
import type { OutputStream } from "./output-stream.ts";

/** After Escape, this long for the rest of a sequence: over a slow line the rest of an arrow key comes later. */
const SEQUENCE_MS = 50;

export interface Taken extends Disposable {
  /** To the screen as it is given: what came from elsewhere is cleaned by the caller. */
  write(text: string): void;
  readonly columns: number;
  readonly rows: number;
  onKey(run: (key: Key) => void): void;
  onResize(run: () => void): void;
}

export interface TakeOverOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: OutputStream;
  readonly clock: Clock;
  readonly onEnd: () => void;
}

const BEGIN = "\x1b[?2004h";
const END = "\x1b[?2004l\x1b[?25h";

export function takeOver({ stdin, stdout, clock, onEnd }: TakeOverOptions): Taken {
  const reader = createKeyReader();
  const listeners: ((key: Key) => void)[] = [];
  const resized: (() => void)[] = [];
  let timer: { close(): void } | undefined;
  let ended = false;

  const tell = (keys: readonly Key[]): void => {
    for (const key of keys) for (const run of listeners) run(key);
  };
  const onData = (chunk: string): void => {
    timer?.close();
    tell(reader.push(chunk));
    if (reader.holds) timer = clock.after(SEQUENCE_MS, () => tell(reader.flush()));
  };
  const onResize = (): void => {
    for (const run of resized) run();
  };
  /** However the program ends, the person gets their terminal back. */
  const restore = (): void => {
    if (ended) return;
    ended = true;
    timer?.close();
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.off?.("resize", onResize);
    process.off("exit", restore);
    stdout.write(END);
    onEnd();
  };

  stdin.setEncoding("utf8");
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("data", onData);
  stdout.on?.("resize", onResize);
  process.on("exit", restore);
  stdout.write(BEGIN);
  return {
    write: (text) => void stdout.write(text),
    get columns() {
      return Math.max(20, stdout.columns ?? 80);
    },
    get rows() {
      return Math.max(6, stdout.rows ?? 24);
    },
    onKey: (run) => void listeners.push(run),
    onResize: (run) => void resized.push(run),
    [Symbol.dispose]: restore,
  };
}
