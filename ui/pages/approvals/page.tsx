/** What waits for a person, one after another; what ended; and the rules of the machines. */
import type { VNode } from "preact";
import { openApprovals } from "../../stores/approvals.ts";
import { pathOf, route } from "../../shell/route.ts";
import { words } from "../../words/en/approvals.ts";
import type { PageProps } from "../page.ts";
import { PastList } from "./past-list.tsx";
import { Queue } from "./queue.tsx";
import { Rules } from "./rules.tsx";

const VIEWS = [["", words.waiting], ["history", words.past], ["rules", words.rules]] as const;

export function Page({ link }: PageProps): VNode {
  const approvals = openApprovals(link);
  const view = route.value.rest[0] ?? "";
  const shown = VIEWS.some(([path]) => path === view) ? view : "";
  const count = approvals.waiting.value.length;
  return (
    <section class="page approvals">
      <header class="page-head">
        <h1>{words.title}</h1>
        <p class="soft" role="status">{approvals.isLoaded.value && count > 0 ? words.count(count) : ""}</p>
      </header>
      <nav class="views" aria-label={words.views}>{VIEWS.map(([path, title]) => (
        <a key={path} href={path === "" ? pathOf("approvals") : pathOf("approvals", path)}
          {...(path === shown ? { "aria-current": "page" as const } : {})}>{title}</a>
      ))}</nav>
      {shown === "history" ? <PastList link={link} approvals={approvals} />
        : shown === "rules" ? <Rules link={link} /> : <Queue approvals={approvals} link={link} wanted={view === "" ? undefined : view} />}
    </section>
  );
}
