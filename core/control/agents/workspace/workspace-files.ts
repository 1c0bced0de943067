/** The files of a workspace that have a meaning, and how much of each a prompt may take. */
export interface WorkspaceFile {
  readonly name: string;
  /** Characters of it that a prompt takes. */
  readonly charsMax: number;
  /** Shown by lists also while it is not there. */
  readonly listed?: true;
  /** Its absence is said in the prompt, in a workspace that had it. */
  readonly required?: true;
  /** Belongs to the person's own conversation, and to no other. */
  readonly mainOnly?: true;
  /** Kept, and not part of the prompt. */
  readonly unshown?: true;
}

export const WORKSPACE_CAPS = { fileChars: 20_000, userChars: 4_000, totalChars: 60_000, fileBytes: 1_048_576 } as const;

const usual = { charsMax: WORKSPACE_CAPS.fileChars } as const;

export const WORKSPACE_FILES: readonly WorkspaceFile[] = [
  { name: "AGENTS.md", ...usual, listed: true, required: true },
  { name: "SOUL.md", ...usual, listed: true, required: true },
  { name: "IDENTITY.md", ...usual },
  { name: "USER.md", charsMax: WORKSPACE_CAPS.userChars, listed: true, required: true },
  { name: "TOOLS.md", ...usual },
  { name: "BOOTSTRAP.md", ...usual, listed: true, mainOnly: true },
  { name: "MEMORY.md", ...usual, listed: true, mainOnly: true },
  { name: "HEARTBEAT.md", ...usual, unshown: true },
];

export function workspaceFile(name: string): WorkspaceFile | undefined {
  return WORKSPACE_FILES.find((file) => file.name === name);
}
