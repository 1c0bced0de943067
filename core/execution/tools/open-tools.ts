import type { Tool } from "@openclaw/sdk";
import { createTools, type Tools } from "./prepare-call.ts";

/** The same registry, filled when somebody first waits for it. Whoever asks it before, or did not wait, made a mistake. */
export function openTools(find: () => Promise<readonly Tool[]>): Tools {
  let filled: Tools | undefined;
  let filling: Promise<void> | undefined;
  const present = (): Tools => {
    if (filled === undefined) throw new Error("The tools were asked for before they were there.");
    return filled;
  };
  return {
    ready: () => (filling ??= find().then((tools) => void (filled = createTools(tools)))),
    faces: (policy) => present().faces(policy),
    get: (name) => present().get(name),
    prepare: (call, ctx, policy) => present().prepare(call, ctx, policy),
  };
}
