/** The agents' workspaces: seeded once, read for prompts, shown and changed on the wire. */
import { createHash } from "node:crypto";
import { OpenClawError, type Label } from "@openclaw/protocol";
import type { Clock } from "../../../base/clock.ts";
import type { Agent } from "../define-agents.ts";
import type { Authorship } from "./authorship.ts";
import { openFolder, type Folder, type FolderFile } from "./folder.ts";
import { SEEDS } from "./seeds.ts";
import { WORKSPACE_CAPS, WORKSPACE_FILES, workspaceFile, type WorkspaceFile } from "./workspace-files.ts";

/** A file as a prompt has it. */
export interface WorkspaceNote {
  readonly title: string;
  readonly text: string;
  readonly label: Label;
  readonly mainOnly?: true;
}

export interface WorkspaceNotes {
  readonly notes: readonly WorkspaceNote[];
  /** Of all that a prompt takes from it. */
  readonly revision: string;
}

export interface ShownFile {
  readonly name: string;
  readonly path: string;
  readonly missing: boolean;
  readonly size?: number;
  readonly updatedAtMs?: number;
  readonly expectedAbsent?: true;
  readonly hash?: string;
  readonly content?: string;
}

export interface Workspaces {
  /** As the last look found it; nothing before the first. */
  of(agentId: string): WorkspaceNotes;
  /** Seeds it where it is new, and looks again unless that was done a moment ago. Never rejects. */
  refresh(agent: Agent): Promise<WorkspaceNotes>;
  list(agent: Agent): Promise<readonly ShownFile[]>;
  /** Throws NOT_FOUND for a name that is no file of a workspace. */
  get(agent: Agent, name: string): Promise<ShownFile>;
  /** Throws as `get`, TOO_LARGE, and CONFLICT when the file is not the one that was read. Its content is the owner's. */
  set(agent: Agent, name: string, content: string, expectedHash: string | undefined): Promise<ShownFile>;
  forget(agentId: string): Promise<void>;
}

export interface WorkspacesDeps {
  readonly authorship: Authorship;
  readonly clock: Pick<Clock, "monotonic">;
  readonly onProblem: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

const FRESH_MS = 1_000;
const NONE: WorkspaceNotes = { notes: [], revision: "none" };
const AGENTS_MAX = 1_000;

export function createWorkspaces({ authorship, clock, onProblem }: WorkspacesDeps): Workspaces {
  const known = new Map<string, { readonly atMs: number; readonly path: string; readonly notes: WorkspaceNotes }>();
  const looking = new Map<string, Promise<WorkspaceNotes>>();

  const seed = async ({ id, workspace, skipBootstrap }: Agent): Promise<void> => {
    if (skipBootstrap || await authorship.wasSeeded(id)) return;
    await using folder = await openFolder(workspace, true);
    if (folder === undefined) return;
    const present = await Promise.all(WORKSPACE_FILES.map(({ name }) => folder.stat(name)));
    // A workspace that somebody brought along is theirs already.
    if (present.every((file) => file === undefined)) {
      for (const [name, text] of Object.entries(SEEDS)) {
        await folder.write(name, text);
        await authorship.owned(id, name, Buffer.from(text));
      }
    }
    await authorship.seeded(id);
  };

  const look = async (agent: Agent): Promise<WorkspaceNotes> => {
    await seed(agent).catch((error: unknown) => onProblem("workspace.unseeded", { agentId: agent.id, error }));
    await using folder = await openFolder(agent.workspace, true).catch(() => undefined);
    const read = folder === undefined ? new Map<string, Buffer>() : await readAll(folder);
    const labels = await authorship.labelsOf(agent.id, read);
    const expects = !agent.skipBootstrap && await authorship.wasSeeded(agent.id);
    const notes = notesOf(read, labels, expects);
    const revision = createHash("sha256").update(JSON.stringify(notes)).digest("base64url").slice(0, 12);
    return { notes, revision };
  };

  const refresh = async (agent: Agent): Promise<WorkspaceNotes> => {
    const before = known.get(agent.id);
    if (before !== undefined && before.path === agent.workspace && clock.monotonic() - before.atMs < FRESH_MS) return before.notes;
    const under = looking.get(agent.id) ?? look(agent).finally(() => looking.delete(agent.id));
    looking.set(agent.id, under);
    try {
      const notes = await under;
      if (known.size >= AGENTS_MAX) known.clear();
      known.set(agent.id, { atMs: clock.monotonic(), path: agent.workspace, notes });
      return notes;
    } catch (error) {
      onProblem("workspace.unread", { agentId: agent.id, error });
      return before?.notes ?? NONE;
    }
  };

  return {
    of: (agentId) => known.get(agentId)?.notes ?? NONE,
    refresh,
    list: async (agent) => {
      await refresh(agent);
      await using folder = await openFolder(agent.workspace);
      const shown = await Promise.all(WORKSPACE_FILES.map(async (file): Promise<readonly ShownFile[]> => {
        const stat = await folder?.stat(file.name);
        if (stat === undefined && file.listed !== true) return [];
        return [describe(agent, file, stat)];
      }));
      return shown.flat();
    },
    get: async (agent, name) => {
      const file = needFile(name);
      await using folder = await openFolder(agent.workspace);
      return await readShown(agent, file, folder);
    },
    set: async (agent, name, content, expectedHash) => {
      const file = needFile(name);
      const bytes = Buffer.from(content);
      if (bytes.length > WORKSPACE_CAPS.fileBytes) {
        throw new OpenClawError("TOO_LARGE", { why: `A workspace file has at most ${WORKSPACE_CAPS.fileBytes} bytes.` });
      }
      await using folder = await openFolder(agent.workspace, true);
      if (folder === undefined) throw new OpenClawError("NOT_FOUND", { why: "The workspace is no directory." });
      const present = await readShown(agent, file, folder);
      if (expectedHash !== undefined && (present.hash ?? HASH_OF_NOTHING) !== expectedHash.toLowerCase()) {
        throw new OpenClawError("CONFLICT", { why: `${name} is not the one that was read.`, detail: { reason: "hash-mismatch" } });
      }
      // First whose it will be: a crash in between leaves a digest that nothing has.
      await authorship.owned(agent.id, name, bytes);
      await folder.write(name, content);
      known.delete(agent.id);
      return await readShown(agent, file, folder);
    },
    forget: async (agentId) => {
      known.delete(agentId);
      await authorship.forget(agentId);
    },
  };
}

/** A file that is not there counts as empty, also for who writes it and saw none. */
const HASH_OF_NOTHING = createHash("sha256").digest("hex");

function needFile(name: string): WorkspaceFile {
  const file = workspaceFile(name);
  if (file === undefined) throw new OpenClawError("NOT_FOUND", { why: `unsupported file ${JSON.stringify(name.slice(0, 128))}` });
  return file;
}

async function readAll(folder: Folder): Promise<Map<string, Buffer>> {
  const shown = WORKSPACE_FILES.filter(({ unshown }) => unshown !== true);
  const read = await Promise.all(shown.map(async ({ name }) => [name, await folder.read(name, WORKSPACE_CAPS.fileBytes)] as const));
  return new Map(read.flatMap(([name, file]) => (file === undefined ? [] : [[name, file.bytes]])));
}

function notesOf(read: ReadonlyMap<string, Buffer>, labels: ReadonlyMap<string, Label>, expects: boolean): readonly WorkspaceNote[] {
  let left: number = WORKSPACE_CAPS.totalChars;
  return WORKSPACE_FILES.flatMap(({ name, charsMax, required, mainOnly, unshown }): readonly WorkspaceNote[] => {
    if (unshown === true) return [];
    const content = read.get(name)?.toString("utf8").trim();
    const only = mainOnly === true ? { mainOnly } : {};
    if (content === undefined || content === "") {
      return required === true && expects && content === undefined ? [{ title: name, text: "(missing)", label: "owner", ...only }] : [];
    }
    const text = cut(content, Math.min(charsMax, left));
    left = Math.max(0, left - text.length);
    return text === "" ? [] : [{ title: name, text, label: labels.get(name) ?? "outside", ...only }];
  });
}

/** The beginning and the end; between them it says what is not there. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const mark = `\n[… ${text.length} characters in all; read the file for the rest …]\n`;
  const room = most - mark.length;
  if (room <= 0) return "";
  const head = Math.ceil(room * 0.7);
  return (text.slice(0, head) + mark + text.slice(text.length - (room - head))).toWellFormed();
}

function describe({ workspace }: Agent, { name }: WorkspaceFile, stat: Pick<FolderFile, "size" | "updatedAtMs"> | undefined): ShownFile {
  const path = `${workspace}/${name}`;
  if (stat !== undefined) return { name, path, missing: false, size: stat.size, updatedAtMs: stat.updatedAtMs };
  return { name, path, missing: true, ...(name === "MEMORY.md" || name === "BOOTSTRAP.md" ? { expectedAbsent: true } : {}) };
}

async function readShown(agent: Agent, file: WorkspaceFile, folder: Folder | undefined): Promise<ShownFile> {
  const read = await folder?.read(file.name, WORKSPACE_CAPS.fileBytes);
  if (read === undefined) return describe(agent, file, undefined);
  return {
    ...describe(agent, file, read), hash: createHash("sha256").update(read.bytes).digest("hex"), content: read.bytes.toString("utf8"),
  };
}
