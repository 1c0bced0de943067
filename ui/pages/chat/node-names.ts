/** Names of nodes, so that nobody has to read an id. One for the page. */
import { signal } from "@preact/signals";
import { shortenId } from "../../kit/format.ts";
import { plainLine } from "../../kit/plain-line.ts";
import type { Link } from "../../link.ts";
import { fields, text } from "./transcript.ts";

const names = signal<ReadonlyMap<string, string>>(new Map());
let isWatched = false;

export function watchNodeNames(link: Link): void {
  if (isWatched) return;
  isWatched = true;
  link.onUp(() => void link.call("node.list", {}).then(({ nodes }) => {
    names.value = new Map(nodes.map((node) => [node.nodeId, text(fields(node)["displayName"]) ?? ""] as const).filter(([, name]) =>
      name !== ""));
  }, () => undefined));
}

/** One that has none is called by the ends of its id. */
export function nodeName(nodeId: string): string {
  return plainLine(names.value.get(nodeId) ?? shortenId(nodeId));
}
