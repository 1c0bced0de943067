/** That something is saved, when it is in force, and the way back. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { Icon } from "../../kit/icon.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import type { Saved } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.save;

export interface SavedMarkProps extends Pick<Saved, "takes"> {
  readonly link: Link;
  /** Undefined: there is no way back. */
  readonly undo: (() => Promise<void>) | undefined;
  readonly dismiss: () => void;
}

export function SavedMark({ link, takes, undo, dismiss }: SavedMarkProps): VNode {
  const trouble = useSignal<Ended | undefined>(undefined);
  const restart = (): void => void link.request("gateway.restart.request", { reason: "config" }).then(undefined, (error: unknown) => {
    trouble.value = describe(error);
  });
  return (
    <>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <div class="row saved-mark">
        <p class="good saved" role="status"><Icon name="check" /><span>{say.takes[takes]}</span></p>
        {takes === "start" ? <button type="button" onClick={restart}>{say.restart}</button> : null}
        {undo === undefined ? null : <button type="button" onClick={() => void undo()}>{say.undo}</button>}
        <button type="button" class="quiet" onClick={dismiss}>{say.dismiss}</button>
      </div>
    </>
  );
}
