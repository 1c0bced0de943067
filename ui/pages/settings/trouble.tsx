/** What went wrong: what happened and why, what to do, the code. The same words as the command line has. */
import type { VNode } from "preact";
import { Icon } from "../../kit/icon.tsx";
import type { Ended } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";

export function Trouble({ ended: { code, why, next } }: { readonly ended: Ended }): VNode {
  return (
    <div class="bar problem trouble" role="alert">
      <Icon name="alert" />
      <p>
        {why.replace(/([^.!?:])$/, "$1.")} {next === undefined ? null : <span>{next} </span>}
        <a href={`${pathOf("settings", "codes")}?code=${encodeURIComponent(code)}`}><code>{code}</code></a>
      </p>
    </div>
  );
}
