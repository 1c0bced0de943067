import assert from "node:assert/strict";
import { hasCode } from "@openclaw/protocol";
import { bytes, texts, type Bench } from "./bench.ts";

export function fencingContract(bench: Bench): void {
  bench.test("a new claim has a higher epoch and tells the older holder that it lost", async (stage) => {
    const old = await stage.claim(5, "old");
    const other = await stage.claim(6, "old");
    const young = await stage.claim(5, "young");
    assert.ok(young.epoch > old.epoch);
    assert.equal(old.lost.aborted, true);
    assert.ok(hasCode(old.lost.reason, "FENCED"));
    assert.equal(young.lost.aborted, false);
    assert.equal(other.lost.aborted, false);
    assert.equal(young.slot, 5);
    assert.equal(young.owner, "young");
  });

  bench.test("a claim knows whether the owner before let the slot go (C3)", async (stage) => {
    assert.equal((await stage.claim(5, "first")).cut, false);
    const second = await stage.claim(5, "second");
    assert.equal(second.cut, true);
    await stage.patient(() => stage.engine.log.release(second));
    const third = await stage.claim(5, "third");
    assert.equal(third.cut, false);
    assert.equal((await stage.claim(5, "third")).cut, false);
  });

  bench.test("a zombie's append is FENCED: its whole batch is refused and nothing is stored", async (stage) => {
    const zombie = await stage.claim(5, "zombie");
    await stage
      .patient(() => stage.engine.log.append(zombie, "s", [bytes("before")], "before"))
      .catch((error: unknown) => {
        if (!stage.traits.retrying || !hasCode(error, "FENCED")) throw error;
      });
    const before = texts(await stage.session(5, "s"));
    const owner = await stage.hold(5, "owner");
    await stage.refuses("FENCED", () => stage.engine.log.append(zombie, "s", [bytes("z1"), bytes("z2")], "undead"));
    await stage.refuses("FENCED", () => stage.engine.log.append(zombie, "s", [bytes("before")], "before"));
    await owner.append("s", [bytes("owner")], "after");
    await stage.refuses("FENCED", () => stage.engine.log.append(zombie, "s", [bytes("z3")], "undead-2"));
    assert.deepEqual(texts(await stage.session(5, "s")), [...before, "owner"]);
  });

  bench.test("a zombie's trim is FENCED and forgets nothing", async (stage) => {
    const zombie = await stage.claim(5, "zombie");
    const owner = await stage.hold(5, "owner");
    const [position] = await owner.append("s", [bytes("kept")], "a");
    await stage.refuses("FENCED", () => stage.engine.log.trim(zombie, position!));
    await stage.refuses("FENCED", () => stage.engine.log.trim(zombie, position!, "s"));
    assert.deepEqual(texts(await stage.session(5, "s")), ["kept"]);
  });

  bench.test("an append racing with a new claim is stored whole before it or not at all", async (stage) => {
    for (let round = 0; round < 20; round += 1) {
      const old = await stage.claim(5, "old");
      const racing = stage.engine.log.append(old, "s", [bytes(`${round}a`), bytes(`${round}b`)], `race-${round}`).then(
        () => true,
        (error: unknown) => {
          assert.ok(hasCode(error, "FENCED") || (stage.traits.retrying && hasCode(error, "ENGINE_UNAVAILABLE")), String(error));
          return hasCode(error, "FENCED") ? false : undefined;
        },
      );
      const young = stage.hold(5, "young");
      await (await young).append("s", [bytes(`${round}y`)], `young-${round}`);
      const stored = await racing;
      const seen = texts(await stage.session(5, "s")).filter((content) => /^\d+/.exec(content)?.[0] === String(round));
      if (stored !== undefined) assert.deepEqual(seen, stored ? [`${round}a`, `${round}b`, `${round}y`] : [`${round}y`]);
      else assert.ok(seen.length === 1 || seen.length === 3, seen.join());
    }
  });

  bench.test("a released claim appends no more; the next one does, with a higher epoch", async (stage) => {
    const claim = await stage.claim(5, "first");
    await stage.patient(() => stage.engine.log.release(claim));
    await stage.refuses("FENCED", () => stage.engine.log.append(claim, "s", [bytes("late")], "late"));
    const next = await stage.hold(5, "second");
    assert.ok(next.claim.epoch > claim.epoch);
    await next.append("s", [bytes("on time")], "on-time");
    assert.deepEqual(texts(await stage.session(5, "s")), ["on time"]);
  });

  bench.test("releasing a superseded claim does not harm its successor", async (stage) => {
    const zombie = await stage.claim(5, "zombie");
    const owner = await stage.hold(5, "owner");
    const { epoch } = owner.claim;
    await stage.patient(() => stage.engine.log.release(zombie));
    await owner.append("s", [bytes("still here")], "a");
    if (!stage.traits.retrying) assert.equal(owner.claim.epoch, epoch);
    assert.deepEqual(texts(await stage.session(5, "s")), ["still here"]);
  });

  bench.test("refused operations harm nobody who shares their commit", async (stage) => {
    const zombie = await stage.claim(5, "zombie");
    const owner = await stage.hold(5, "owner");
    await stage.write("bucket", "taken", bytes("first"), 0);
    const answers = await Promise.allSettled(
      Array.from({ length: 40 }, async (_, index) => {
        if (index % 4 === 0) return void (await stage.patient(() => stage.engine.log.append(zombie, "s", [bytes("undead")], `z${index}`)));
        if (index % 4 === 1) return void (await stage.write("bucket", "taken", bytes(`second-${index}`), 0));
        if (index % 4 === 2) return void (await owner.append("s", [bytes(`a${index}`)], `a${index}`));
        return void (await stage.offer({ slot: 5, session: "s", id: `o${index}`, body: bytes(`o${index}`) }));
      }),
    );
    for (const [index, answer] of answers.entries()) {
      if (index % 4 === 0) assert.ok(answer.status === "rejected" && hasCode(answer.reason, "FENCED"), `zombie ${index}`);
      else if (index % 4 === 1) assert.ok(answer.status === "rejected" && hasCode(answer.reason, "CONFLICT"), `write ${index}`);
      else assert.equal(answer.status, "fulfilled", `good ${index}: ${answer.status === "rejected" ? String(answer.reason) : ""}`);
    }
    assert.equal((await stage.session(5, "s")).length, 20);
    assert.ok(!texts(await stage.session(5, "s")).includes("undead"));
  });

  bench.test("anyone may offer, whoever holds the slot", async (stage) => {
    await stage.hold(5, "owner");
    await stage.offer({ slot: 5, session: "s", id: "o", body: bytes("offered") });
    assert.deepEqual(texts(await stage.session(5, "s")), ["offered"]);
  });
}
