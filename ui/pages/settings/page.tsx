/** One page for all settings: sections on the left, a search over every name and explanation, and the section that the address names. */
import { signal, useComputed, useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { lazy } from "../../kit/lazy.tsx";
import { loadPart } from "../../kit/load-part.ts";
import type { Link } from "../../link.ts";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { openRepairs } from "../../stores/repairs.ts";
import { words } from "../../words/en/settings.ts";
import type { PageProps } from "../page.ts";
import { AbilitiesSection } from "./abilities-section.tsx";
import { AgentsSection } from "./agents-section.tsx";
import type { Catalogue } from "./all-codes.ts";
import { openConfigDesk, type ConfigDesk } from "./config-desk.ts";
import { ConfigSection } from "./config-section.tsx";
import { ModelsSection } from "./models-section.tsx";
import { RepairsSection } from "./repairs-section.tsx";
import { SaveBar } from "./save-bar.tsx";
import { groupsOf, type Item } from "./schema-fields.ts";
import { HITS_MAX, MACHINE, OWN, pathOfConfig, search } from "./sections.ts";
import { Trouble } from "./trouble.tsx";

const AboutSection = lazy(() => import("./about-section.tsx").then((part) => part.AboutSection));
const BackupsSection = lazy(() => import("./backups-section.tsx").then((part) => part.BackupsSection));
const ChannelsSection = lazy(() => import("./channels-section.tsx").then((part) => part.ChannelsSection));
const CodesSection = lazy(() => import("./codes-section.tsx").then((part) => part.CodesSection));
const DevicesSection = lazy(() => import("./devices-section.tsx").then((part) => part.DevicesSection));
const FileSection = lazy(() => import("./file-section.tsx").then((part) => part.FileSection));

export function Page({ link }: PageProps): VNode {
  const desk = openConfigDesk(link);
  const query = useSignal("");
  const groups = useComputed((): readonly Item[] => {
    const known = desk.schema.value;
    return known === undefined ? [] : groupsOf(known.schema, known.hints, desk.config.value?.inForce ?? {});
  });
  const [section] = route.value.rest;
  const address = `${route.value.rest.join("/")}?${route.value.query}`;
  useEffect(() => {
    query.value = "";
    return desk.settle; // what was just saved is another place's news
  }, [address]);
  return (
    <section class="page settings" data-section={query.value.trim() === "" ? section ?? "none" : "search"}>
      <header class="page-head">
        <h1>{words.title}</h1>
        <label class="settings-search"><span class="unseen">{words.search}</span><Icon name="search" />
          <input type="search" value={query.value} placeholder={words.search} autocomplete="off" spellcheck={false} title={words.searchHint}
            onInput={(event) => {
              query.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (event.key === "Escape") query.value = "";
            }} />
        </label>
      </header>
      {desk.trouble.value === undefined ? null : <Trouble ended={desk.trouble.value} />}
      <div class="settings-body">
        <Sections link={link} groups={groups.value} active={route.value.rest} />
        <div class="settings-stage">
          <a class="settings-back" href={pathOf("settings")}><Icon name="chevron" />{words.back}</a>
          {query.value.trim() === "" ? <Stage link={link} desk={desk} /> : <Hits query={query.value} groups={groups.value} />}
          <SaveBar link={link} desk={desk} />
        </div>
      </div>
    </section>
  );
}

function Stage({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode {
  const [section = "agents", part = ""] = route.value.rest;
  switch (section) {
    case "agents": return <AgentsSection link={link} desk={desk} />;
    case "models": return <ModelsSection link={link} desk={desk} />;
    case "channels": return <ChannelsSection link={link} />;
    case "abilities": return <AbilitiesSection link={link} />;
    case "devices": return <DevicesSection link={link} />;
    case "repairs": return <RepairsSection link={link} />;
    case "backups": return <BackupsSection link={link} />;
    case "codes": return <CodesSection />;
    case "about": return <AboutSection link={link} />;
    case "file": return <FileSection link={link} desk={desk} />;
    case "config": return <ConfigSection key={part} desk={desk} name={part} />;
    default: return <p>{words.unknown}</p>;
  }
}

interface SectionsProps { readonly link: Link; readonly groups: readonly Item[]; readonly active: readonly string[] }

function Sections({ link, groups, active }: SectionsProps): VNode {
  const count = openRepairs(link).count.value ?? 0;
  const here = (path: readonly string[]): boolean => path.every((part, index) => (active[index] ?? (index === 0 ? "agents" : "")) === part);
  const entry = (path: readonly string[], title: string, badge = 0): VNode => (
    <li key={path.join("/")}>
      <a href={pathOf("settings", ...path)} {...(here(path) ? { "aria-current": "page" as const } : {})}>
        {title}{badge === 0 ? null : <span class="count">{badge}</span>}
      </a>
    </li>
  );
  return (
    <nav class="settings-list" aria-label={words.sections}>
      <h2 class="small soft">{words.groups.people}</h2>
      <ul>{OWN.map((name) => entry([name], words.places[name]))}</ul>
      <h2 class="small soft">{words.groups.machine}</h2>
      <ul>{MACHINE.map((name) => entry([name], words.places[name], name === "repairs" ? count : 0))}</ul>
      <h2 class="small soft">{words.groups.keys}</h2>
      <ul>{entry(["file"], words.places.file)}{groups.map(({ key, label }) => entry(pathOfConfig(key), label))}</ul>
    </nav>
  );
}

/** Come with the first search. */
const codes = signal<Catalogue>({});

function Hits({ query, groups }: { readonly query: string; readonly groups: readonly Item[] }): VNode {
  useEffect(() => void loadPart(() => import("./all-codes.ts"), () => true, () => undefined).then((part) => {
    codes.value = part?.CATALOGUE ?? {};
  }), []);
  const hits = search(query, groups, codes.value);
  return (
    <section class="settings-section" aria-label={words.search}>
      <p class="small soft" role="status">{words.found(hits.length)}</p>
      <ul class="hits">{hits.slice(0, HITS_MAX).map(({ title, where, help, path, query: rest }) => {
        const href = `${pathOf("settings", ...path)}${rest === undefined ? "" : `?${rest}`}`;
        return (
          <li key={`${where} ${title}`}>
            <a href={href} onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
              event.preventDefault();
              navigate(href);
            }}>
              <strong>{title}</strong> <code class="soft">{where}</code><span class="soft small">{help}</span>
            </a>
          </li>
        );
      })}</ul>
      {hits.length > HITS_MAX ? <p class="small soft">{words.foundMore(hits.length - HITS_MAX)}</p> : null}
    </section>
  );
}
