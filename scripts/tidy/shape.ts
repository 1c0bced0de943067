/** Names and places of files: what the repository's tree itself must look like. Works on paths alone. */
import { isSource, isTest } from "../source/files.ts";
import { doorOf, FLOORS } from "../layers/rooms.ts";

export interface Finding {
  readonly file: string;
  /** 0 where the finding is about the file as a whole. */
  readonly line: number;
  readonly what: string;
}

/** Words that say nothing wherever they stand in a name. */
const empty = new Set(["utils", "util", "helpers", "helper", "impl", "misc"]);
const homeless = new Set([...empty, "common", "manager", "service", "types", "index"]);

export function checkShape(paths: readonly string[]): readonly Finding[] {
  return [...paths.flatMap(checkName), ...checkDoors(paths), ...checkDecisions(paths)];
}

function checkName(file: string): readonly Finding[] {
  if (file.startsWith(".")) return [];
  const findings: Finding[] = [];
  const name = file.slice(file.lastIndexOf("/") + 1);
  const stem = name.replace(/(?:\.(?:test|testing|slow|d))*\.[a-z]+$/, "");
  const folders = file.split("/").slice(0, -1);
  const isEntry = /^extensions\/[^/]+\/[^/]+\/index(?:\.test)?\.ts$/.test(file)
    || /^(?:skills\/[^/]+|ui(?:\/[^/]+)*)\/index\.[a-z]+$/.test(file);
  for (const part of isSource(file) && !isEntry ? [...folders, stem] : folders) {
    if (homeless.has(part) || part.split("-").some((word) => empty.has(word))) {
      findings.push({ file, line: 0, what: `"${part}" says nothing of what is inside; a thing without a better name has no home yet` });
    }
  }
  if ((isSource(file) || /^docs\/.*\.md$/.test(file)) && !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(stem)) {
    findings.push({ file, line: 0, what: "file names are kebab-case" });
  }
  return findings;
}

/** Every module is a folder with its door beside it; neither stands alone. */
function checkDoors(paths: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  for (const { floor, rooms } of FLOORS) {
    const inFloor = paths.filter((path) => path.startsWith(`core/${floor}/`));
    for (const room of rooms) {
      const door = doorOf({ floor, room });
      const folder = `core/${floor}/${room}/`;
      const hasDoor = inFloor.includes(door);
      const hasFolder = inFloor.some((path) => path.startsWith(folder));
      if (hasFolder && !hasDoor) findings.push({ file: folder, line: 0, what: `the module has no door; it would be ${door}` });
      if (hasDoor && !hasFolder) findings.push({ file: door, line: 0, what: `the door has no module behind it; it would be ${folder}` });
    }
  }
  return findings;
}

function checkDecisions(paths: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  const taken = new Map<string, string>();
  for (const file of paths.filter((path) => path.startsWith("docs/decisions/") && path.endsWith(".md"))) {
    const number = /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1];
    if (number === undefined) findings.push({ file, line: 0, what: "a decision record is called NNNN-title.md" });
    else if (taken.has(number)) findings.push({ file, line: 0, what: `number ${number} is taken by ${taken.get(number) ?? ""}` });
    else taken.set(number, file);
  }
  return findings;
}

/** Doors begin by saying what the module is, promises and never does. */
export function checkDoorOpens(file: string, source: string): readonly Finding[] {
  const isDoor = /^core\/(?:fabric|execution|cognition|control)\/[a-z0-9-]+\.ts$/.test(file) && !isTest(file);
  if (!isDoor || source.startsWith("/**")) return [];
  return [{ file, line: 1, what: "a door begins with a paragraph: what the module is, promises, never does" }];
}
