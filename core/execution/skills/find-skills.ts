/** Which skills lie in a folder: one folder each, with a SKILL.md in it. */
import { constants } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { readSkill, SKILL_LIMITS, type SkillText } from "./read-skill.ts";

export interface SkillPlace {
  readonly dir: string;
  /** As the wire calls it: `openclaw-workspace`, `openclaw-managed`, `openclaw-bundled`, … */
  readonly source: string;
  /** Where only the owner writes. Elsewhere a program of an agent may have put it. */
  readonly owned: boolean;
}

export interface FoundSkill extends SkillText {
  readonly place: SkillPlace;
  /** The folder and the file, as they are on the disk. */
  readonly baseDir: string;
  readonly filePath: string;
  readonly digest: string;
}

export interface BrokenSkill {
  readonly filePath: string;
  readonly why: string;
}

export interface FoundSkills {
  readonly skills: readonly FoundSkill[];
  readonly broken: readonly BrokenSkill[];
}

/** Never throws: a folder that is not there holds no skills, and one that is not as it should be is named among the broken. */
export async function findSkills(place: SkillPlace): Promise<FoundSkills> {
  const skills: FoundSkill[] = [];
  const broken: BrokenSkill[] = [];
  const root = await rootOf(place);
  if (root === undefined) return { skills, broken };
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  // A link is no folder here, wherever it points.
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name).sort();
  for (const name of folders.slice(0, SKILL_LIMITS.folders)) {
    const baseDir = join(root, name);
    const filePath = join(baseDir, "SKILL.md");
    const read = await readInside(filePath);
    if (read === undefined) continue;
    const checked = typeof read === "string" ? readSkill(read) : { ok: false as const, why: read.why };
    if (checked.ok) skills.push({ ...checked.skill, place, baseDir, filePath, digest: digestOf(read as string) });
    else broken.push({ filePath, why: checked.why });
  }
  return { skills, broken };
}

/** The owner may have put a link in place of a folder of theirs; in a place others write to, a link leads somewhere else. */
async function rootOf({ dir, owned }: SkillPlace): Promise<string | undefined> {
  try {
    const real = await realpath(dir);
    const parent = await realpath(join(dir, ".."));
    return owned || real === join(parent, dir.split("/").at(-1) ?? "") ? real : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The text of a file that lies exactly there: what was opened is what the path names without any link, before a byte of it is
 * used. Undefined where there is none.
 */
async function readInside(path: string): Promise<string | { readonly why: string } | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const opened = await file.stat();
    if (!opened.isFile() || opened.nlink > 1) return { why: "SKILL.md is not a plain file of its own" };
    if (opened.size > SKILL_LIMITS.bytes) return { why: `SKILL.md has more than ${SKILL_LIMITS.bytes} bytes` };
    const named = await stat(path);
    const isThere = (await realpath(path)) === path && named.ino === opened.ino && named.dev === opened.dev;
    if (!isThere) return { why: "its path leads through a link" };
    const bytes = Buffer.alloc(opened.size);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.toString("utf8", 0, bytesRead);
  } catch (error) {
    const code = (error as { readonly code?: string }).code;
    return code === "ENOENT" || code === "ENOTDIR" ? undefined : { why: code === "ELOOP" ? "SKILL.md is a link" : "it cannot be read" };
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
