import assert from "node:assert/strict";
import { test } from "node:test";
import { signal } from "@preact/signals";
import type { Link } from "../../link.ts";
import { openTail } from "./tail.ts";

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the log is read on from where it was while somebody looks, not while nobody does, and at once when somebody looks again (S4.28)",
  async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const page = Object.assign(new EventTarget(), { visibilityState: "visible" });
    Object.assign(globalThis, { document: page });
    t.after(() => Reflect.deleteProperty(globalThis, "document"));
    const asked: unknown[] = [];
    const link = {
      state: signal({ kind: "up" }),
      onUp: (listener: () => void) => {
        listener();
        return () => undefined;
      },
      call: async (_method: string, params: { readonly cursor?: number }) => {
        asked.push(params.cursor);
        return { file: "log", cursor: asked.length * 10, lines: [`line ${asked.length}`] };
      },
    } as unknown as Link;
    const look = async (visibilityState: string): Promise<void> => {
      page.visibilityState = visibilityState;
      page.dispatchEvent(new Event("visibilitychange"));
      await settle();
    };
    const pass = async (): Promise<void> => {
      t.mock.timers.tick(1_000);
      await settle();
    };
    const tail = openTail(link);
    await settle();
    await pass();
    assert.deepEqual(asked, [undefined, 10]);
    await look("hidden");
    await pass(); // what was due already
    const before = asked.length;
    for (let second = 0; second < 60; second += 1) await pass();
    assert.equal(asked.length, before, "nobody looks");
    await look("visible");
    assert.equal(asked.length, before + 1);
    assert.equal(asked.at(-1), before * 10, "from where it was");
    assert.deepEqual(tail.state.peek()?.lines.map(({ raw }) => raw), asked.map((_cursor, at) => `line ${at + 1}`));
    tail.close();
    await pass();
    await look("visible");
    assert.equal(asked.length, before + 1, "closed is closed");
  });
