/**
 * A disk that forgets: what a program wrote is only certain once it was synced.
 *
 * Held to what POSIX promises and no more. A file's bytes are certain after a sync of the file, a name after a sync of its
 * directory. Whatever was not synced may be there or not when the power goes: each write by itself, in parts of 512 bytes;
 * names of one directory in their order.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../random.ts";
import type { TracedCall } from "./read-trace.ts";

const SECTOR_BYTES = 512;

/** What becomes of everything that was not synced. */
export const LOSSES = ["dropped", "torn", "reordered", "kept"] as const;
export type Loss = (typeof LOSSES)[number];

type FileChange = { readonly data: Buffer; readonly offset: number } | { readonly length: number };

interface FileNode {
  readonly kind: "file";
  synced: Buffer;
  size: number;
  pending: FileChange[];
}

/** One change of a directory; a rename within it is one. */
type NameChange = readonly { readonly name: string; readonly node: Node | null }[];

interface FolderNode {
  readonly kind: "folder";
  readonly names: Map<string, Node>;
  readonly synced: Map<string, Node>;
  pending: NameChange[];
}

type Node = FileNode | FolderNode;

export interface DiskModel {
  /** Throws for a copy into what is followed: its bytes are in no trace. */
  apply(call: TracedCall): void;
  /** Makes `target` what the directory may be after a power loss now. */
  rebuild(target: string, loss: Loss, random: Random): void;
  /** Changes that are not certain at the moment. */
  readonly uncertain: number;
}

/** Follows the directory `root`, which is there and empty. Paths for which `ignore` holds are not followed. */
export function createDiskModel(root: string, ignore: (path: string) => boolean): DiskModel {
  const top: FolderNode = newFolder();
  /** Where the next plain write of a descriptor goes. */
  const places = new Map<string, { readonly append: boolean; offset: number }>();

  const inside = (path: string): boolean => path.startsWith(`${root}/`) && !ignore(path.slice(root.length + 1));
  const find = (path: string): Node | undefined => {
    let node: Node | undefined = path === root ? top : undefined;
    if (node !== undefined || !inside(path)) return node;
    node = top;
    for (const name of path.slice(root.length + 1).split("/")) node = node?.kind === "folder" ? node.names.get(name) : undefined;
    return node;
  };
  const folderOf = (path: string): { readonly folder: FolderNode; readonly name: string } | undefined => {
    const slash = path.lastIndexOf("/");
    const folder = find(path.slice(0, slash));
    return inside(path) && folder?.kind === "folder" ? { folder, name: path.slice(slash + 1) } : undefined;
  };
  const change = (folder: FolderNode, changes: NameChange): void => {
    for (const { name, node } of changes) {
      if (node === null) folder.names.delete(name);
      else folder.names.set(name, node);
    }
    folder.pending.push(changes);
  };
  const add = (path: string, node: Node): void => {
    const place = folderOf(path);
    if (place !== undefined && !place.folder.names.has(place.name)) change(place.folder, [{ name: place.name, node }]);
  };
  const move = (from: string, to: string): void => {
    const node = find(from);
    const [source, target] = [folderOf(from), folderOf(to)];
    if (node === undefined || source === undefined) return;
    if (target !== undefined && target.folder === source.folder) {
      return change(source.folder, [{ name: target.name, node }, { name: source.name, node: null }]);
    }
    if (target !== undefined) change(target.folder, [{ name: target.name, node }]);
    change(source.folder, [{ name: source.name, node: null }]);
  };

  const apply = (call: TracedCall): void => {
    switch (call.kind) {
      case "open": {
        if (!inside(call.path)) return;
        if (call.create && find(call.path) === undefined) add(call.path, newFile());
        const file = find(call.path);
        if (call.truncate && file?.kind === "file") cut(file, 0);
        places.set(call.handle, { append: call.append, offset: 0 });
        return;
      }
      case "write": {
        const file = find(call.path);
        if (file?.kind !== "file") return;
        const place = places.get(call.handle);
        const offset = call.offset ?? (place?.append === true ? file.size : (place?.offset ?? 0));
        if (call.offset === null && place !== undefined) place.offset = offset + call.data.length;
        file.pending.push({ data: call.data, offset });
        file.size = Math.max(file.size, offset + call.data.length);
        return;
      }
      case "copy":
        if (find(call.path) !== undefined) throw new Error(`what was copied into ${call.path} is not known`);
        return;
      case "truncate": {
        const file = find(call.path);
        if (file?.kind === "file") cut(file, call.length);
        return;
      }
      case "sync": return syncNode(find(call.path));
      case "rename": return move(call.from, call.path);
      case "link": {
        const node = find(call.from);
        if (node !== undefined) add(call.path, node);
        return;
      }
      case "unlink": {
        const place = folderOf(call.path);
        if (place?.folder.names.has(place.name) === true) change(place.folder, [{ name: place.name, node: null }]);
        return;
      }
      case "mkdir": return add(call.path, newFolder());
    }
  };

  return {
    apply,
    rebuild: (target, loss, random) => write(top, target, loss, random),
    get uncertain() {
      const count = (node: Node): number =>
        node.pending.length + (node.kind === "folder" ? [...node.names.values()].reduce((sum, child) => sum + count(child), 0) : 0);
      return count(top);
    },
  };
}

function newFile(): FileNode {
  return { kind: "file", synced: Buffer.alloc(0), size: 0, pending: [] };
}

function newFolder(): FolderNode {
  return { kind: "folder", names: new Map(), synced: new Map(), pending: [] };
}

function cut(file: FileNode, length: number): void {
  file.pending.push({ length });
  file.size = length;
}

function syncNode(node: Node | undefined): void {
  if (node === undefined) return;
  if (node.kind === "file") node.synced = withChanges(node.synced, node.pending);
  else for (const changes of node.pending) applyNames(node.synced, changes);
  node.pending = [];
}

function applyNames(names: Map<string, Node>, changes: NameChange): void {
  for (const { name, node } of changes) {
    if (node === null) names.delete(name);
    else names.set(name, node);
  }
}

function withChanges(content: Buffer, changes: readonly FileChange[]): Buffer {
  const endOf = (change: FileChange): number => ("length" in change ? change.length : change.offset + change.data.length);
  const size = changes.reduce((now, change) => ("length" in change ? change.length : Math.max(now, endOf(change))), content.length);
  const largest = changes.reduce((now, change) => Math.max(now, endOf(change)), content.length);
  const bytes = Buffer.alloc(largest);
  content.copy(bytes);
  for (const change of changes) {
    if ("length" in change) bytes.fill(0, change.length);
    else change.data.copy(bytes, change.offset);
  }
  return bytes.subarray(0, size);
}

function write(folder: FolderNode, target: string, loss: Loss, random: Random): void {
  mkdirSync(target, { recursive: true, mode: 0o700 });
  const names = new Map(folder.synced);
  for (const changes of folder.pending.slice(0, survivors(folder.pending.length, loss, random))) applyNames(names, changes);
  for (const [name, node] of names) {
    const path = join(target, name);
    if (node.kind === "folder") write(node, path, loss, random);
    else writeFileSync(path, withChanges(node.synced, surviving(node.pending, loss, random)), { mode: 0o600 });
  }
}

/** Of changes that are kept in their order. */
function survivors(count: number, loss: Loss, random: Random): number {
  if (loss === "dropped") return 0;
  return loss === "kept" ? count : random.between(0, count);
}

function surviving(pending: readonly FileChange[], loss: Loss, random: Random): readonly FileChange[] {
  if (loss === "dropped") return [];
  if (loss === "kept") return pending;
  if (loss === "reordered") return pending.flatMap((change) => someOf(change, random));
  const whole = survivors(pending.length, loss, random);
  const torn = pending[whole];
  const kept = pending.slice(0, whole);
  if (torn === undefined || "length" in torn) return kept;
  const sectors = random.between(0, Math.ceil(torn.data.length / SECTOR_BYTES));
  return [...kept, { data: torn.data.subarray(0, sectors * SECTOR_BYTES), offset: torn.offset }];
}

/** Any of a write's sectors may be there without the others; a sector lies where the disk has it, not where the write begins. */
function someOf(change: FileChange, random: Random): readonly FileChange[] {
  if ("length" in change) return random.next() < 0.5 ? [change] : [];
  const { data, offset } = change;
  const found: FileChange[] = [];
  for (let from = 0; from < data.length; ) {
    const to = Math.min(data.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    if (random.next() < 0.5) found.push({ data: data.subarray(from, to), offset: offset + from });
    from = to;
  }
  return found;
}
