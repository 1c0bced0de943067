/** One kind of JSON frame on the engine's bus, by subject. */
import type { Closer, Topics } from "@openclaw/sdk";

export interface LiveTopic<T> {
  /** `subject` is one token: `[A-Za-z0-9_-]`. Costs nothing to speak of when nobody listens. */
  publish(subject: string, frame: T): void;
  /** Every subject's frames, in the order of each publisher. `onDrop` says how many were lost because this side was slow. */
  subscribe(on: (frame: T) => void, onDrop?: (count: number) => void): Closer;
}

export function createLiveTopic<T>(bus: Topics, name: string): LiveTopic<T> {
  return {
    publish: (subject, frame) => bus.publish(`${name}.${subject}`, Buffer.from(JSON.stringify(frame))),
    subscribe: (on, onDrop) =>
      bus.subscribe(`${name}.>`, (_topic, frame) => on(parseFrame<T>(frame)), onDrop === undefined ? {} : { onDrop }),
  };
}

function parseFrame<T>(frame: Uint8Array): T {
  return JSON.parse(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("utf8")) as T;
}
