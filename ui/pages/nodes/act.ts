/** Doing something to a node: said when it is done, and why when it is not. */
import { toast } from "../../kit/toasts.tsx";
import { describe } from "../../link/open-link.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/nodes.ts";

/** True when it was done. */
export async function act(nodes: Nodes, work: Promise<unknown>, done: string, undo?: () => void): Promise<boolean> {
  try {
    await work;
    toast({ text: done, ...(undo === undefined ? {} : { undo }) });
    return true;
  } catch (error) {
    const { why, code } = describe(error);
    toast({ text: words.failed(why, code), state: "problem" });
    return false;
  } finally {
    void nodes.reload();
  }
}
