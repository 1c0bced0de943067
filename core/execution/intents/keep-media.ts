import type { Blobs } from "@openclaw/sdk";
import type { InvokeEvent } from "../nodes.ts";

/** Divisible by four: every slice of base64 stands for whole bytes. */
const SLICE_CHARS = 262_144;

/**
 * A picture or a recording goes into the store; whoever asked is given its digest, size and form in place of its bytes. The
 * nodes room has checked that it is base64 of a size that may be kept. Other events pass as they are.
 */
export async function* keepMedia(events: AsyncIterable<InvokeEvent>, blobs: Blobs): AsyncGenerator<InvokeEvent> {
  for await (const event of events) {
    if (event.type !== "end" || !event.ok) {
      yield event;
      continue;
    }
    const { base64, ...facts } = event.payload as { readonly base64: string } & Readonly<Record<string, unknown>>;
    try {
      const { digest, bytes } = await blobs.put(decoded(base64));
      yield { ...event, payload: { ...facts, digest, bytes } };
    } catch {
      const why = "What the node brought could not be stored.";
      yield { type: "end", ok: false, code: "DISK_FULL", why, nodeId: event.nodeId };
    }
  }
}

async function* decoded(base64: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < base64.length; at += SLICE_CHARS) {
    yield Buffer.from(base64.slice(at, at + SLICE_CHARS), "base64");
    await new Promise((resolve) => setImmediate(resolve)); // tokens of others pass in between
  }
}
