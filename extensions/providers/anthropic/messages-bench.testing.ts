/** The provider against a real server on a real socket; time is virtual, so that a wait of a minute takes none. */
import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { collectEvents, modelRequest, providerContext } from "@openclaw/testkit/provider-contract";
import { openScriptedMessages, type MessagesAnswer, type ScriptedMessages } from "@openclaw/testkit/scripted-messages-server";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { streamMessages } from "./stream-messages.ts";

export interface Bench {
  readonly server: ScriptedMessages;
  readonly clock: VirtualClock;
  ask(options?: Ask): AsyncIterable<ModelEvent>;
}

export interface Ask {
  readonly request?: Partial<ModelRequest>;
  readonly config?: object;
  readonly signal?: AbortSignal;
  readonly context?: Partial<ProviderContext>;
}

/** The server gives these answers, one to each request. */
export async function openBench(...answers: readonly MessagesAnswer[]): Promise<Bench & AsyncDisposable> {
  const server = await openScriptedMessages();
  server.script(...answers);
  const clock = new VirtualClock();
  return {
    server,
    clock,
    ask: ({ request, config, signal, context } = {}) => streamMessages(
      modelRequest("hello", request),
      providerContext({ baseUrl: server.url, ...config }, { now: () => clock.now(), wait: (ms, stop) => clock.wait(ms, stop), ...context }),
      signal ?? new AbortController().signal,
    ),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** Reads to the end; every announced wait passes at once. */
export function collect(bench: Bench, stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  async function* watched(): AsyncGenerator<ModelEvent> {
    for await (const event of stream) {
      if (event.type === "retry") setImmediate(() => void bench.clock.advance(event.waitMs));
      yield event;
    }
  }
  return collectEvents(watched());
}
