/** One kind of JSON frame on the engine's bus, by subject. */
import type { Closer, Topics } from "@openclaw/sdk";

export interface LiveTopic<T> {
  /** `subject` is one token: `[A-Za-z0-9_-]`. Costs nothing to speak of when nobody listens. The frame is not changed afterwards. */
  publish(subject: string, frame: T): void;
  /**
   * Every subject's frames, in the order of each publisher, with their JSON as it was published. `onDrop` says how many were
   * lost because this side was slow.
   */
  subscribe(on: (frame: T, json: string) => void, onDrop?: (count: number) => void): Closer;
}

/** What a frame's bytes say, kept beside them: where they come as they were made, nobody parses them again. */
interface Said<T> { readonly frame: T; readonly json: string }

const SAID = Symbol("said");
type Bytes<T> = Uint8Array & { [SAID]?: Said<T> };

export function createLiveTopic<T>(bus: Topics, name: string): LiveTopic<T> {
  return {
    publish: (subject, frame) => {
      const json = JSON.stringify(frame);
      const bytes: Bytes<T> = Buffer.from(json);
      bytes[SAID] = { frame, json };
      bus.publish(`${name}.${subject}`, bytes);
    },
    subscribe: (on, onDrop) =>
      bus.subscribe(`${name}.>`, (_topic, bytes) => {
        const { frame, json } = (bytes as Bytes<T>)[SAID] ?? parseFrame<T>(bytes);
        on(frame, json);
      }, onDrop === undefined ? {} : { onDrop }),
  };
}

function parseFrame<T>(bytes: Uint8Array): Said<T> {
  const json = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return { frame: JSON.parse(json) as T, json };
}
