/** Recordings of a turn become words before its model is asked, once each, durably. */
import { OpenClawError } from "@openclaw/protocol";
import type { Attachment, NewEvent, Transcript } from "../../fabric/journal.ts";
import type { Carry, Transcriber, TurnWork } from "./turn-work.ts";

/**
 * Recorded with whatever waits, also that one could not be understood: neither is asked for again. The words are from outside, whoever
 * sent the recording. A step that is cut short records nothing, and the next owner asks again.
 */
export async function transcribeStep(
  work: TurnWork, files: readonly Attachment[], transcriber: Transcriber, carry: Carry, signal: AbortSignal,
): Promise<Carry> {
  work.live.emit("run_status", { phase: "transcribing" });
  const events: NewEvent[] = [];
  for (const file of files) {
    const transcript = await transcriptOf(work, file, transcriber, signal);
    events.push({ type: "file.transcribed", label: "outside", body: { fileId: file.id, transcript } });
  }
  await work.record(carry, events);
  return { events: [] };
}

async function transcriptOf(
  { session: { log } }: TurnWork, { id, name, bytes }: Attachment, { bytesMax, transcribe }: Transcriber, signal: AbortSignal,
): Promise<Transcript> {
  try {
    if (bytes > bytesMax) {
      throw new OpenClawError("MEDIA_TOO_LARGE", { why: `${name} has ${bytes} bytes; ${bytesMax} are given to transcription.` });
    }
    const { head, content } = await log.blobs.attachments.get(id);
    return { text: await transcribe({ name: head.name, mimeType: head.mimeType, content }, signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OpenClawError)) throw error;
    return { code: error.code, why: error.message };
  }
}
