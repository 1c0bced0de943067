/** What came of asking a model. */
import type { VNode } from "preact";
import { formatDuration } from "../../kit/format.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import { words } from "../../words/en/settings.ts";
import type { Tried } from "./facts.ts";

const say = words.models;

/** A model that has to be loaded first takes its time. */
export const TRY_MS = 120_000;

export function ModelOutcome({ tried }: { readonly tried: Tried | "trying" | undefined }): VNode {
  return (
    <span role="status">
      {tried === undefined ? null : tried === "trying" ? <StateMark state="live" word={say.trying} />
        : !tried.ok ? <StateMark state="problem" word={say.failed} />
          : <StateMark state={tried.tools === false ? "attention" : "good"}
            word={say.answered(formatDuration(tried.tookMs), tried.tools !== false)} />}
    </span>
  );
}
