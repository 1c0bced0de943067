// The order of things on the wire, against a gateway that says them in the worst one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../base/clock.ts";
import { Given } from "../commands/given.ts";
import { openScriptedGateway, type ScriptedSocket } from "../commands/scripted-gateway.testing.ts";
import type { CommandContext } from "../commands/command.ts";
import { createFakeScreen } from "../terminal/fake-screen.testing.ts";
import type { Key } from "../terminal/keys.ts";
import { openTerminal } from "../terminal/open-terminal.ts";
import type { Taken } from "../terminal/take-over.ts";
import { runChat } from "./run-chat.ts";

const KEY = "agent:main:main";
const message = (seq: number, role: string, text: string): object =>
  ({ role, content: [{ type: "text", text }], __openclaw: { id: `m-${seq}`, seq } });

test("pieces around the record's answer, told before it, between and after it, stand once and in their order (S0.16)", async () => {
  let left = (): void => undefined;
  const over = new Promise<void>((resolve) => (left = resolve));
  const say = (socket: ScriptedSocket, delta: string, more: object = {}): void => socket.event("agent", {
    runId: "r", sessionKey: KEY, stream: "assistant", seq: 1, ts: 1, data: { delta, itemId: "r:0", ...more },
  });
  let socket: ScriptedSocket | undefined;
  await using gateway = await openScriptedGateway({
    "agents.list": () => ({ defaultId: "main", agents: [] }),
    "node.list": () => ({ nodes: [] }),
    "sessions.messages.subscribe": (call) => {
      socket = call.socket;
      say(call.socket, "w1 w2 ", { replace: true }); // before the record that it belongs behind
      return {};
    },
    "chat.history": (call) => {
      setImmediate(() => {
        say(call.socket, "w3 "); // behind the answer, in the same breath
      });
      return { messages: [message(1, "user", "question")], inFlightRun: { runId: "r", startedAt: 1, text: "w1 w2 " } };
    },
    "exec.approval.list": async () => {
      await systemClock.wait(60, new AbortController().signal); // what answers late holds up nothing
      say(socket as ScriptedSocket, "w4");
      socket?.event("session.message", { sessionKey: KEY, message: message(2, "assistant", "w1 w2 w3 w4") });
      setTimeout(left, 120);
      return [];
    },
  });
  const screen = createFakeScreen(80, 24);
  let press = (_: Key): void => undefined;
  const taken: Taken = {
    write: screen.write, columns: 80, rows: 24, onKey: (run) => (press = run), onResize: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
  const sink = { write: () => true };
  const terminal = openTerminal({
    stdout: sink, stderr: sink, environment: { LANG: "C" }, clock: systemClock, json: false, quiet: false, colour: false,
  });
  const ctx = {
    terminal: { ...terminal, takeOver: async () => taken }, clock: systemClock, version: "0.0.0", commands: [],
    environment: { OPENCLAW_GATEWAY_PORT: String(gateway.port), OPENCLAW_GATEWAY_TOKEN: "token-of-the-test" },
    given: new Given({ options: new Map(), words: {} }), signal: new AbortController().signal, atEnd: new AsyncDisposableStack(),
  } as unknown as CommandContext;
  const running = runChat(ctx, "main");
  await Promise.race([over, running]);
  const isWhole = (): boolean => screen.rows()[2] === "w1 w2 w3 w4";
  for (let tries = 0; tries < 500 && !isWhole(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  press({ name: "ctrl-d", text: "" });
  assert.equal(await running, 0);
  assert.deepEqual(screen.rows().slice(0, 4), ["| question", "", "w1 w2 w3 w4", ""], screen.rows().join("\n"));
});
