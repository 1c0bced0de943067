/** The least trusted of what a model has seen: whose words its own can be. */
import { joinLabels, type Label } from "@openclaw/protocol";
import { labelWith } from "./push-message.ts";
import { leastOf, type SessionState, type TranscriptMessage } from "./session-state.ts";

/** Of whatever a model says here: it has seen the window, what stands for the older part of it, and the pinned facts. */
export function labelSeen({ leastLabel, summary, pinned }: SessionState): Label {
  const read = joinLabels("agent", joinLabels(leastLabel, summary?.label ?? "owner"));
  return pinned.reduce((least, { label }) => joinLabels(least, label), read);
}

/** The label of everything a model sees when it is shown these messages. */
export function labelOfMessages(messages: readonly TranscriptMessage[]): Label {
  return messages.reduce<Label>((least, { label, content }) => leastOf(least, labelWith(label, content)), "owner");
}
