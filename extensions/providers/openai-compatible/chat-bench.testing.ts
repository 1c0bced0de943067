/** The provider against a real server on a real socket; time is virtual, so that a wait of a minute takes none. */
import type { ModelEvent, ModelRequest, ProviderContext } from "@openclaw/sdk";
import { collectEvents, modelRequest, providerContext } from "@openclaw/testkit/provider-contract";
import { openScriptedModel, type ScriptedAnswer, type ScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { streamChat } from "./stream-chat.ts";

/** The provider before a scripted server. */
export interface Bench {
  readonly model: ScriptedModel;
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
export async function openBench(...answers: readonly ScriptedAnswer[]): Promise<Bench & AsyncDisposable> {
  const model = await openScriptedModel();
  model.script(...answers);
  const clock = new VirtualClock();
  return {
    model,
    clock,
    ask: ({ request, config, signal, context } = {}) => streamChat(
      modelRequest("hello", request),
      providerContext({ baseUrl: model.url, ...config }, { now: () => clock.now(), wait: (ms, stop) => clock.wait(ms, stop), ...context }),
      signal ?? new AbortController().signal,
    ),
    [Symbol.asyncDispose]: () => model.close(),
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

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
