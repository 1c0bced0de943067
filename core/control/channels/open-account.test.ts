/** An account is kept alive, says how it stands, and is closed and changed by itself alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { FakeMessenger, RoomOfTest } from "./channels-world.testing.ts";
import { CANARY, openRoom } from "./channels-world.testing.ts";

const MINUTE = 60_000;
const standing = ({ room }: RoomOfTest): readonly unknown[] => room.status().map(({ accountId, phase, why }) => [accountId, phase, why]);
const listens = (messenger: FakeMessenger): FakeMessenger["listener"] & object => {
  assert.ok(messenger.listener);
  return messenger.listener;
};

test("what fails is begun again, later each time, and at once patient again after it went well", async () => {
  const world = await openRoom();
  const begun: number[] = [];
  const { messenger, clock } = world;
  messenger.onListen = () => {
    begun.push(clock.now());
    queueMicrotask(() => listens(messenger).end(new Error("the line is cut")));
  };
  listens(messenger).end(new Error("the line is cut"));
  await clock.advance(10 * MINUTE);
  const gaps = begun.slice(1).map((at, n) => at - (begun[n] ?? 0));
  for (const [n, gap] of gaps.entries()) {
    const usual = Math.min(2_000 * 2 ** n, 60_000);
    assert.ok(gap >= usual * 0.75 && gap <= usual * 1.25, `${n}: ${gap}`);
  }
  assert.deepEqual(standing(world), [["default", "down", "the line is cut"]]);
  messenger.onListen = (ctx) => ctx.report({ state: "up", as: "@claw" });
  await clock.advance(2 * MINUTE);
  assert.deepEqual(standing(world), [["default", "up", undefined]]);
  await world.close();
});

test("alive is who gives signs of life, not who can send: silent for long it is degraded and begun again, and says so (C23)", async () => {
  const world = await openRoom({ silentAfterMs: 5 * MINUTE });
  const { messenger, clock, room } = world;
  await clock.advance(4 * MINUTE);
  listens(messenger).ctx.report({ state: "up", as: "@claw" });
  await clock.advance(4 * MINUTE);
  await world.deliver("sending works all the while");
  assert.deepEqual(standing(world), [["default", "up", undefined]]);
  await clock.advance(2 * MINUTE);
  const [status] = room.status();
  assert.equal(status?.phase, "degraded");
  assert.match(status.fix ?? "", /openclaw channels start fake/);
  assert.deepEqual(room.issues().map(({ kind }) => kind), ["silent"]);
  await clock.advance(4 * MINUTE + 2_000);
  assert.deepEqual(standing(world), [["default", "up", undefined]]);
  assert.equal(room.status()[0]?.restarts, 1);
  await world.close();
});

test("what only a person can mend is not tried again; without a secret it is off and says what it lacks; the secret is in nothing "
  + "that is said",
  async () => {
    const world = await openRoom();
    const { messenger, clock, room } = world;
    listens(messenger).ctx.report({ state: "down", why: `401 for bot${CANARY}/getUpdates`, final: true });
    listens(messenger).end(new Error(`no ${CANARY}`));
    await clock.advance(10 * MINUTE);
    assert.equal(messenger.opened, 1);
    assert.deepEqual(standing(world), [["default", "down", "401 for bot[secret]/getUpdates"]]);
    assert.ok(room.issues()[0]?.fix.includes("openclaw channels add fake"));
    await assert.rejects(world.deliver("x"), (error) => hasCode(error, "CHANNEL_DOWN"));
    await room.start("fake");
    await clock.advance(0);
    assert.deepEqual(standing(world), [["default", "up", undefined]]);
    world.config = { fake: {}, nobody: { botToken: CANARY } };
    await room.follow();
    await clock.advance(0);
    assert.deepEqual(room.status().map(({ channel, phase, hasSecret }) => [channel, phase, hasSecret]), [
      ["fake", "off", false], ["nobody", "down", undefined],
    ]);
    const said = JSON.stringify([world.log, room.status(), room.issues()]);
    assert.ok(!said.includes(CANARY));
    await world.close();
  });

test("a change of the configuration touches the account it names and no other; accounts take from their messenger what they do not "
  + "say (S4.13)",
  async () => {
    const world = await openRoom();
    const { messenger, clock, room } = world;
    world.config = { fake: { dmPolicy: "open", accounts: { one: { botToken: "1" }, two: { botToken: "2", dmPolicy: "disabled" } } } };
    await room.follow();
    await clock.advance(0);
    assert.deepEqual(room.status().map(({ accountId, phase, dmPolicy }) => [accountId, phase, dmPolicy]), [
      ["one", "up", "open"], ["two", "up", "disabled"],
    ]);
    assert.equal(messenger.opened, 3);
    world.config = { fake: { dmPolicy: "open", accounts: { one: { botToken: "1" }, two: { botToken: "changed", dmPolicy: "disabled" } } } };
    await room.follow();
    await clock.advance(0);
    assert.equal(messenger.opened, 4, "a secret that is another one is a change");
    world.config = { fake: { enabled: false, accounts: { one: { botToken: "1" } } } };
    await room.follow();
    await clock.advance(0);
    assert.deepEqual(standing(world), [["one", "off", undefined]]);
    assert.equal(messenger.opened, 4);
    await world.close();
  });

test("closing ends within its time, whatever an account does", async () => {
  const world = await openRoom();
  world.messenger.neverCloses = true;
  await world.room.stop("fake");
  assert.deepEqual(standing(world), [["default", "stopped", undefined]]);
  await world.room.start("fake");
  await world.clock.advance(0);
  let closed = false;
  const closing = world.room[Symbol.asyncDispose]().then(() => (closed = true));
  await world.clock.advance(4_900);
  assert.equal(closed, false);
  await world.clock.advance(200);
  await closing;
});

test("where it had read up to is durable before it is asked for more, and handed to whoever listens next (C1)", async () => {
  const world = await openRoom();
  const cursors: (string | undefined)[] = [listens(world.messenger).ctx.cursor];
  await listens(world.messenger).ctx.saveCursor("42");
  await world.reopen();
  cursors.push(listens(world.messenger).ctx.cursor);
  assert.deepEqual(cursors, [undefined, "42"]);
  await world.close();
});
