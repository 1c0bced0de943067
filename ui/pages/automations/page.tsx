/** What happens without being asked each time: jobs by the clock, heartbeats, webhooks, and the work in the background. */
import type { VNode } from "preact";
import { pathOf, route } from "../../shell/route.ts";
import { words } from "../../words/en/automations.ts";
import type { PageProps } from "../page.ts";
import { Heartbeats } from "./heartbeats.tsx";
import { JobList } from "./job-list.tsx";
import { JobPage } from "./job-page.tsx";
import { Queues } from "./queues.tsx";
import { Webhooks } from "./webhooks.tsx";

const TABS = ["jobs", "heartbeats", "webhooks", "queues"] as const;

export function Page({ link }: PageProps): VNode {
  const [view = "jobs", id = ""] = route.value.rest;
  const active = TABS.find((tab) => tab === view) ?? "jobs";
  return (
    <section class="page work">
      <header class="page-head"><h1>{words.title}</h1></header>
      <nav class="work-tabs" aria-label={words.views}>{TABS.map((tab) => (
        <a key={tab} href={tab === "jobs" ? pathOf("automations")
          : pathOf("automations", tab)} {...(tab === active ? { "aria-current": "page" as const } : {})}>
          {words.tabs[tab]}
        </a>
      ))}</nav>
      {view === "job" ? <JobPage link={link} id={id} />
        : active === "heartbeats" ? <Heartbeats link={link} />
          : active === "webhooks" ? <Webhooks link={link} />
            : active === "queues" ? <Queues link={link} /> : <JobList link={link} />}
    </section>
  );
}
