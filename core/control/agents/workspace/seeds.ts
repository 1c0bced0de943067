/**
 * The files of a new workspace. They are short because they stand in every prompt: what an agent needs to know of itself and
 * its person grows with them.
 */
export const SEEDS: Readonly<Record<"AGENTS.md" | "SOUL.md" | "USER.md" | "BOOTSTRAP.md", string>> = {
  "AGENTS.md": "Keep what lasts in MEMORY.md, a day's notes in memory/YYYY-MM-DD.md.\n",
  "SOUL.md": "Plain, warm, curious.\n",
  "USER.md": "Nothing is known yet.\n",
  "BOOTSTRAP.md": "Ask who they are and who you are to be. Write it to USER.md and IDENTITY.md, then delete this file.\n",
};
