/** What stands in an agent's workspace, as a prompt has it. */
import type { Label } from "@openclaw/protocol";
import type { SessionState } from "../../fabric/journal.ts";

export interface ContextNote {
  /** The file's name. */
  readonly title: string;
  readonly text: string;
  readonly label: Label;
  /** Belongs to the person's own conversation only. */
  readonly mainOnly?: true;
}

interface Noted { readonly notes?: readonly ContextNote[] }

/** Those that this session's prompts show. */
export function notesShown({ notes = [] }: Noted, { key }: Pick<SessionState, "key">): readonly ContextNote[] {
  const isMain = /^agent:[^:]+:main$/.test(key);
  return isMain ? notes : notes.filter(({ mainOnly }) => mainOnly !== true);
}

/** The owner's own, for the system's place; empty where there are none. */
export function ownerNotes(shown: readonly ContextNote[]): string {
  return shown.filter(({ label }) => label === "owner").map(({ title, text }) => `## ${title}\n${text}`).join("\n\n");
}

/** What somebody else may have written, as data. */
export function otherNotes(shown: readonly ContextNote[]): readonly ContextNote[] {
  return shown.filter(({ label }) => label !== "owner");
}
