/** The client's types are those of the one table: what does not fit a schema does not compile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectGateway, type GatewayClient, type SocketLike } from "./client.ts";
import { EVENTS, type EventName } from "./events.ts";
import type { EventFrame } from "./frames.ts";
import { METHODS, type MethodName, type MethodParams } from "./methods.ts";

/** A named fake of a socket: greets, and answers every request with its own parameters. */
function openFake(): SocketLike {
  const on: Record<string, (event: never) => void> = {};
  const say = (frame: unknown): void => on["message"]?.({ data: JSON.stringify(frame) } as never);
  queueMicrotask(() => say({ type: "event", event: "connect.challenge", payload: { nonce: "n", ts: 1 } }));
  return {
    bufferedAmount: 0,
    send: (text) => {
      const { id, method, params } = JSON.parse(text) as { readonly id: string; readonly method: string; readonly params: unknown };
      const payload = method === "connect" ? { type: "hello-ok", policy: { maxPayload: 1_000 } } : { method, params };
      queueMicrotask(() => say({ type: "res", id, ok: true, payload }));
    },
    close: () => undefined,
    addEventListener: (type: string, listener: (event: never) => void) => void (on[type] = listener),
  };
}

async function connect(): Promise<GatewayClient> {
  return await connectGateway({
    url: "ws://127.0.0.1:1", openSocket: openFake,
    hello: () => ({ client: { id: "test", mode: "test", version: "1", platform: "test" } }),
  });
}

test("every method of the table is called by its name with the parameters of its schema, and no other compiles (S4.2)", async () => {
  const client = await connect();
  for (const method of Object.keys(METHODS) as MethodName[]) {
    assert.deepEqual(await client.call(method, {} as MethodParams<typeof method>), { method, params: {} });
  }
  const said: unknown = await client.call("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "1" });
  assert.deepEqual((said as { readonly method: string }).method, "chat.send");
  const refusedByTheCompiler = (): unknown[] => [
    // @ts-expect-error no such method
    client.call("chat.sent", {}),
    // @ts-expect-error a parameter is missing
    client.call("chat.send", { sessionKey: "main", message: "hi" }),
    // @ts-expect-error a parameter of another type
    client.call("chat.send", { sessionKey: 1, message: "hi", idempotencyKey: "1" }),
  ];
  assert.equal(typeof refusedByTheCompiler, "function");
  client.close();
});

test("an event's name is one of the table where a client asks for it by name (S4.2)", () => {
  const isNamed = (event: EventFrame, name: EventName): boolean => event.event === name;
  assert.equal(isNamed({ type: "event", event: "chat" }, "chat"), true);
  // @ts-expect-error no such event
  assert.equal(isNamed({ type: "event", event: "chat" }, "chatter"), false);
  assert.ok(Object.keys(EVENTS).length > 20);
});
