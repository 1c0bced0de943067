import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../../testkit/virtual-clock.ts";
import { greetGateway } from "./greet-gateway.ts";
import type { Connection } from "./link.ts";

test("an inventory that is refused is sent again, less and less often, until it is taken or the connection is gone (8.1)", async () => {
  const clock = new VirtualClock();
  const sent: string[] = [];
  const state = { refuse: true, isLive: true };
  const connection = {
    get isLive() {
      return state.isLive;
    },
    request: async (method: string) => {
      sent.push(method);
      if (method === "node.runnerInventory.update" && state.refuse) throw new Error("not yet");
    },
  } as unknown as Connection;
  greetGateway(connection, clock);
  const inventories = (): number => sent.filter((method) => method === "node.runnerInventory.update").length;
  await clock.advance(2_999);
  assert.equal(inventories(), 1);
  await clock.advance(1);
  assert.equal(inventories(), 2);
  await clock.advance(6_000);
  assert.equal(inventories(), 3);
  state.refuse = false;
  await clock.advance(600_000);
  assert.equal(inventories(), 4);
  state.isLive = false;
  await clock.advance(600_000);
  assert.equal(inventories(), 4);
});
