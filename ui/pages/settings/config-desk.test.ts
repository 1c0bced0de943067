import assert from "node:assert/strict";
import { test } from "node:test";
import { signal } from "@preact/signals";
import type { Link, LinkState } from "../../link.ts";
import { bothSides, createConfigDesk, type ConfigDesk } from "./config-desk.ts";
import { createFileDesk } from "./file-desk.ts";
import type { KeptDraft } from "./kept-draft.ts";

type Values = Readonly<Record<string, unknown>>;
type Answer = (params: Values) => unknown;

const SCHEMA = {
  type: "object", properties: {
    a: { type: "integer" }, b: { type: "integer" }, url: { type: "string" }, key: { type: "string" }, raw: { type: "object" },
  },
};

/** A gateway of one file: every answer waits until the test gives it. `tab` is what outlives a reload. */
function openWorld(tab: { kept?: KeptDraft | undefined } = {}, since: readonly Values[] = []) {
  let set: Values = since.at(-1) ?? { a: 1, b: 1 };
  let writes = since.length;
  const restarts = signal(0);
  const asked: { readonly method: string; readonly give: () => void }[] = [];
  const heard = new Map<string, () => void>();
  let rise = (): void => undefined;
  const shown = (): Values => ({ path: "f", valid: true, raw: JSON.stringify(set), sourceConfig: set, config: set, hash: `h${writes}` });
  const write = (next: Values): Values => {
    set = next;
    writes += 1;
    return { hash: `h${writes}`, restart: { ok: true } };
  };
  const guarded = (act: Answer): Answer => (params) => {
    if (params["baseHash"] === `h${writes}`) return act(params);
    throw Object.assign(new Error("changed"), { code: "PARAMS_INVALID", detail: { reason: "base-hash-stale" } });
  };
  const methods: Readonly<Record<string, Answer>> = {
    "config.get": shown, "config.schema": () => ({ schema: SCHEMA, uiHints: { key: { sensitive: true } } }),
    "config.patch": guarded((params) => write({ ...set, ...(JSON.parse(String(params["raw"])) as Values) })),
    "config.apply": guarded((params) => write(JSON.parse(String(params["raw"])) as Values)),
  };
  const link = {
    state: signal<LinkState>({ kind: "up", sinceMs: 0 }), restarts,
    // What a gateway answers is settled when it is asked; when it arrives is another matter.
    request: (method: string, params: unknown) => new Promise<unknown>((resolve, reject) => {
      try {
        const answer = methods[method]?.(params as Values);
        asked.push({ method, give: () => resolve(answer) });
      } catch (error) {
        asked.push({ method, give: () => reject(error as Error) });
      }
    }),
    on: (event: string, listener: () => void) => (heard.set(event, listener), () => undefined),
    onUp: (listener: () => void) => {
      rise = listener;
      listener();
      return () => undefined;
    },
  } as unknown as Link;
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const store = { recall: () => tab.kept, keep: (draft: KeptDraft | undefined) => void (tab.kept = draft) };
  const desk = createConfigDesk(link, store);
  return {
    desk, file: createFileDesk(desk), set: () => set,
    /** Gives the answers that wait, the newest of them first where told, until nothing more is asked. */
    answer: async ({ newestFirst = false, only = /./ } = {}) => {
      for (let turn = 0; turn < 20; turn += 1) {
        const ready = asked.filter(({ method }) => only.test(method));
        for (const { give } of newestFirst ? ready.reverse() : ready) give();
        asked.splice(0, asked.length, ...asked.filter((one) => !ready.includes(one)));
        await settle();
      }
    },
    others: (next: Values) => {
      write(next);
      heard.get("config.changed")?.();
    },
    restart: () => {
      restarts.value += 1;
      rise();
    },
  };
}

const drafts = ({ draft }: ConfigDesk): readonly unknown[] => [...draft.value.values()].map(({ path, value }) => [path.join("."), value]);

test("an older answer that comes last does not take the newer one's place (S3.13)", async () => {
  const { desk, answer, others } = openWorld();
  others({ a: 2 });
  others({ a: 3 });
  await answer({ newestFirst: true });
  assert.deepEqual(desk.config.value?.set, { a: 3 });
});

test("what is changed while something is being saved stays a change, made from what was saved (S3.13)", async () => {
  const { desk, answer, set } = openWorld();
  await answer();
  desk.change(["a"], 2);
  void desk.save();
  desk.change(["a"], 3);
  desk.change(["b"], 5);
  await answer();
  assert.deepEqual(set(), { a: 2, b: 1 });
  assert.deepEqual(drafts(desk), [["a", 3], ["b", 5]]);
  assert.equal(desk.state.value.kind, "idle");
  void desk.save();
  await answer();
  assert.deepEqual(set(), { a: 3, b: 5 });
  assert.equal(desk.state.value.kind, "saved");
});

test("undo takes back what was saved and nothing that somebody wrote after it; both sides are then shown (S3.13)", async () => {
  const { desk, answer, others, set } = openWorld();
  await answer();
  desk.change(["a"], 2);
  void desk.save();
  await answer();
  others({ a: 9, b: 1 });
  await answer();
  void desk.undo();
  await answer();
  assert.deepEqual(set(), { a: 9, b: 1 });
  const state = desk.state.value;
  assert.equal(state.kind, "conflict");
  assert.deepEqual(state.kind === "conflict" && bothSides(desk, state.from).clashes, [{ key: "a", was: 2, theirs: 9, now: 1 }]);
});

test("a draft outlives a reload, but for what may be a secret, and that is said; saved or discarded it is over (S3.13)",
  async () => {
    const tab: { kept?: KeptDraft | undefined } = {};
    const first = openWorld(tab);
    await first.answer();
    const wanted = { a: 2, key: "sk-canary", raw: { token: "canary" }, url: "http://me:canary@host/" };
    for (const [name, value] of Object.entries(wanted)) first.desk.change([name], value);
    assert.doesNotMatch(JSON.stringify(tab), /canary/);
    const second = openWorld(tab);
    await second.answer();
    assert.deepEqual(drafts(second.desk), [["a", 2]]);
    assert.deepEqual(second.desk.kept.value, { changes: 1, left: 3 });
    void second.desk.save();
    await second.answer();
    assert.deepEqual([second.set(), second.desk.kept.value, tab.kept], [{ a: 2, b: 1 }, undefined, undefined]);
    second.desk.change(["b"], 7);
    second.desk.discard();
    const third = openWorld(tab);
    await third.answer();
    assert.deepEqual([drafts(third.desk), third.desk.kept.value], [[], undefined]);
  });

test("what somebody else wrote before the reload was over is met like any other change: both sides are shown (S3.13)", async () => {
  const tab: { kept?: KeptDraft | undefined } = {};
  const first = openWorld(tab);
  await first.answer();
  first.desk.change(["a"], 2);
  const second = openWorld(tab, [{ a: 9, b: 1 }]);
  await second.answer();
  assert.deepEqual(drafts(second.desk), [["a", 2]]);
  void second.desk.save();
  await second.answer();
  const state = second.desk.state.value;
  assert.deepEqual(second.set(), { a: 9, b: 1 });
  assert.deepEqual(state.kind === "conflict" && bothSides(second.desk, state.from).clashes, [{ key: "a", was: 1, theirs: 9, now: 2 }]);
});

test("what was said of a save goes with the next change, a look elsewhere, or the restart it waited for (S3.13)", async () => {
  const { desk, answer, restart } = openWorld();
  await answer();
  const save = async (value: number): Promise<void> => {
    desk.change(["a"], value);
    void desk.save();
    await answer();
    assert.equal(desk.state.value.kind, "saved");
  };
  await save(2);
  desk.settle();
  assert.equal(desk.state.value.kind, "idle");
  await save(3);
  assert.deepEqual(desk.state.value.kind === "saved" && desk.state.value.takes, "restart");
  restart();
  assert.deepEqual(desk.state.value.kind === "saved" && desk.state.value.takes, "now");
  desk.change(["a"], 4);
  assert.equal(desk.state.value.kind, "idle");
});

test("a typed file outlives every answer; over what somebody else wrote it goes only once that was shown (S3.13)", async () => {
  const { desk, file, answer, others, set } = openWorld();
  await answer();
  file.type(`{"a":2}`);
  void file.save();
  file.type(`{"a":3}`);
  await answer();
  assert.deepEqual(set(), { a: 2 });
  assert.equal(file.typed.value?.text, `{"a":3}`);
  others({ a: 7 });
  await answer();
  assert.equal(desk.config.value?.raw, `{"a":7}`);
  assert.equal(file.typed.value.text, `{"a":3}`);
  void file.save();
  await answer();
  assert.equal(file.state.value.kind, "conflict");
  others({ a: 8 }); // and again, after what was shown
  await answer();
  void file.save();
  await answer();
  assert.deepEqual([set(), file.state.value.kind], [{ a: 8 }, "conflict"]);
  void file.save();
  await answer();
  assert.deepEqual([set(), file.state.value.kind, file.typed.value], [{ a: 3 }, "saved", undefined]);
  void file.undo();
  await answer();
  assert.deepEqual([set(), file.state.value.kind], [{ a: 8 }, "saved"]);
});
