/** Files that a call brought, on their way into the conversation. */
import { OpenClawError } from "@openclaw/protocol";
import type { Attachment } from "../../fabric/journal.ts";
import type { ToolFile } from "@openclaw/sdk";
import type { KeptOutcome } from "./keep-output.ts";
import type { TurnWork } from "./turn-work.ts";

/**
 * Keeps them sealed under the session's key before the step's end is recorded, which names them. One that is refused, or cannot be
 * stored, is said in the text of the outcome: the call itself has been carried out.
 */
export async function keepFiles(
  { session: { log }, deps }: TurnWork, stepId: string, files: readonly ToolFile[], outcome: KeptOutcome,
): Promise<KeptOutcome & { readonly files?: readonly Attachment[] }> {
  const kept: Attachment[] = [];
  const problems: string[] = [];
  for (const { base64, name } of files) {
    try {
      if (deps.files === undefined) throw new OpenClawError("MEDIA_INVALID", { why: "Nothing here keeps files." });
      const read = await deps.files.read([{ content: base64, ...(name === undefined ? {} : { fileName: name }) }]);
      for (const file of read) {
        if (!("content" in file)) continue;
        const { content, ...facts } = file;
        const { kind, mimeType, name: called } = facts;
        const put = [{ head: { kind, mimeType, name: called }, content }];
        const [id = ""] = await log.blobs.attachments.put(put, { stepId }, deps.files.bytesMax());
        kept.push({ id, ...facts });
      }
    } catch (error) {
      if (!(error instanceof OpenClawError)) throw error;
      problems.push(`[A file it brought was not kept: ${error.message}]`);
    }
  }
  const text = [outcome.text, ...problems].join("\n");
  return { ...outcome, text, ...(kept.length === 0 ? {} : { files: kept }) };
}
