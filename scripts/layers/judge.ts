/** The rules of who may import whom; each answer is the rule that was broken, or null. */
import { nameOf, type Place } from "./place.ts";

export interface Importer {
  readonly place: Place;
  readonly isTest: boolean;
}

export interface Target {
  readonly place: Place;
  /** Relative to the root. */
  readonly path: string;
  /** Named by package (`@openclaw/protocol`), not by a path. */
  readonly byPackage: boolean;
}

const packages = new Set(["protocol", "sdk"]);
const closed = new Set(["e2e", "bench", "scripts", "ui"]);

/** May a file import another file of the repository? */
export function judge(from: Importer, to: Target, typeOnly: boolean): string | null {
  const target = nameOf(to.place);
  if (isWithin(from.place, to.place)) return judgeWithin(from, to);
  if (to.place.area === "outside") return "it lies in no known module; scripts/layers/rooms.ts lists them all";
  if (to.place.area === "drop-in") return "nobody imports a drop-in by name; core finds them by folder";
  if (closed.has(to.place.area)) return `nobody imports ${target}`;
  if (to.place.area === "testkit" && from.isTest && from.place.area !== "e2e") return null;
  // What a module keeps for tests alone serves the scripts that run it at length, too.
  if (from.place.area === "scripts" && /\.testing\.ts$/.test(to.path)) return null;
  if (!to.byPackage && packages.has(to.place.area) && from.place.area !== "scripts") {
    return `${target} is entered by its package name, @openclaw/${target}`;
  }
  return judgeAcross(from, to, typeOnly);
}

function judgeWithin(from: Importer, to: Target): string | null {
  if (from.place.area !== "room" || to.place.area !== "room" || !to.place.isDoor) return null;
  return from.isTest || from.place.isDoor ? null : "a module never imports its own door";
}

function judgeAcross(from: Importer, to: Target, typeOnly: boolean): string | null {
  const target = to.place;
  switch (from.place.area) {
    case "protocol":
      return "protocol imports nothing outside itself";
    case "sdk":
      return target.area === "protocol" && (typeOnly || from.isTest) ? null : "sdk imports types of protocol only";
    case "drop-in":
      if (from.isTest && (target.area === "protocol" || target.area === "sdk")) return null;
      if (to.path === "sdk/model-wire.ts" && to.byPackage) return null;
      return (target.area === "protocol" || target.area === "sdk") && typeOnly ? null
        : "a drop-in imports types of sdk and protocol, and @openclaw/sdk/model-wire";
    case "testkit":
      return target.area === "protocol" || target.area === "sdk" ? null : "testkit imports protocol and sdk, never core";
    case "e2e":
      if (target.area === "sdk" && typeOnly) return null; // for drop-ins a scenario brings along
      return target.area === "testkit" || target.area === "protocol" ? null : "e2e imports testkit and protocol, never core's inside";
    case "ui":
      return target.area === "protocol" ? null : "ui knows only the protocol";
    case "bench":
    case "scripts":
      return target.area === "room" && !target.isDoor ? enterByDoor(target) : null;
    case "base":
      return target.area === "protocol" || target.area === "sdk" ? null : "base imports nothing above it";
    case "app":
    case "room":
      return judgeCore(from, to);
    default:
      return "this file lies in no known module; scripts/layers/rooms.ts lists them all";
  }
}

function judgeCore(from: Importer, { place: target, path }: Target): string | null {
  if (target.area === "base" || target.area === "protocol" || target.area === "sdk") return null;
  if (target.area === "testkit") return "only tests import testkit";
  if (target.area === "app") return "nobody imports app; hand the value down at composition";
  if (target.area !== "room") return `core does not import ${nameOf(target)}`;
  if (from.place.area === "room" && target.order > from.place.order) {
    return `imports look down: ${nameOf(target)} stands above ${nameOf(from.place)}`;
  }
  // What a module keeps for tests alone (`world.testing.ts`) is a second door, for tests.
  return target.isDoor || target.isConfig || (from.isTest && /\.testing\.tsx?$/.test(path)) ? null : enterByDoor(target);
}

function enterByDoor(target: Place): string {
  return `another module is entered by its door, core/${nameOf(target)}.ts`;
}

function isWithin(from: Place, to: Place): boolean {
  return from.area !== "outside" && nameOf(from) === nameOf(to);
}
