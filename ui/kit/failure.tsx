/** What went wrong: what happened, why, what to do, and the code to look it up by. */
import type { VNode } from "preact";
import type { Ended } from "../link.ts";
import { Icon } from "./icon.tsx";

export function Failure({ what, ended }: { readonly what?: string; readonly ended: Ended | undefined }): VNode | null {
  if (ended === undefined) return null;
  return (
    <p class="bar problem" role="alert">
      <Icon name="alert" />
      <span>{what === undefined ? "" : `${what} `}{ended.why} {ended.next ?? ""} <code>{ended.code}</code></span>
    </p>
  );
}
