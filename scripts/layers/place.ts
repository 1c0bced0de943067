/** Where a file of the repository stands. */
import { configOf, doorOf, ROOMS, startDoorOf } from "./rooms.ts";

/** `packages` are the places that other readers know by a package name; `outside` is whatever lies in no known place. */
export type Place =
  | { readonly area: "protocol" | "sdk" | "testkit" | "e2e" | "bench" | "scripts" | "ui" | "base" | "app" | "outside" }
  | { readonly area: "drop-in"; readonly folder: string }
  | {
      readonly area: "room"; readonly floor: string; readonly room: string; readonly order: number;
      readonly isDoor: boolean; readonly isConfig: boolean;
    };

const plain = new Set(["protocol", "sdk", "testkit", "e2e", "bench", "scripts", "ui"]);

/** `path` is relative to the root. A test beside a door belongs to the door's module. */
export function placeOf(path: string): Place {
  const [top = "", second = "", third = ""] = path.split("/");
  if (plain.has(top)) return { area: top as "protocol" };
  if (top === "extensions" && path.split("/").length > 3) return { area: "drop-in", folder: `${top}/${second}/${third}` };
  if (top === "skills" && path.split("/").length > 2) return { area: "drop-in", folder: `${top}/${second}` };
  if (top !== "core") return { area: "outside" };
  if (second === "base" || second === "app") return { area: second };
  const room = ROOMS.find((each) => each.floor === second && each.room === third.replace(/(?:-start)?(?:\.test(?:ing)?)?\.ts$/, ""));
  return room === undefined ? { area: "outside" } : {
    area: "room", ...room, isDoor: path === doorOf(room) || path === startDoorOf(room), isConfig: path === configOf(room),
  };
}

/** How a sentence calls the place. */
export function nameOf(place: Place): string {
  if (place.area === "room") return `${place.floor}/${place.room}`;
  return place.area === "drop-in" ? place.folder : place.area;
}
