/** The frame that never changes place: rail, bar, and in it whatever page the address names. */
import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../kit/icon.tsx";
import type { Link } from "../link.ts";
import type { PageProps } from "../pages/page.ts";
import { HOME, PLACES, type Place } from "../pages/places.ts";
import { words } from "../words/en/shell.ts";
import { ConnectionBar } from "./connection-bar.tsx";
import { pathOf, route } from "./route.ts";
import { Unpaired } from "./unpaired.tsx";

export interface ShellProps {
  readonly link: Link;
  /** Already here with the first script. */
  readonly first: Readonly<Record<string, ComponentType<PageProps>>>;
}

type Loaded = ComponentType<PageProps> | "failed";
const loaded = signal<Readonly<Record<string, Loaded>>>({});

export function Shell({ link, first }: ShellProps): VNode {
  const name = route.value.place === "" ? HOME : route.value.place;
  const place = PLACES.find(({ path }) => path === name);
  const Page = first[name] ?? loaded.value[name];
  const refused = link.state.value.kind === "refused" ? link.state.value.ended : undefined;
  useEffect(() => {
    document.documentElement.dataset["place"] = place === undefined || refused !== undefined ? "none" : name;
    document.title = place === undefined ? words.product : `${place.title} · ${words.product}`;
    if (place !== undefined && Page === undefined) void load(place);
  }, [name, Page, refused]);
  return (
    <>
      <a class="skip" href="#main">{words.skip}</a>
      <Rail active={name} />
      <main id="main" tabIndex={-1}>
        <ConnectionBar link={link} />
        {refused !== undefined ? <Unpaired link={link} ended={refused} />
          : place === undefined ? <NotFound name={name} />
            : Page === undefined ? <div class="page-wait" />
              : Page === "failed" ? <Failed place={place} /> : <Page link={link} />}
      </main>
    </>
  );
}

async function load(place: Place): Promise<void> {
  const page = await place.load?.().then(({ Page }) => Page, () => "failed" as const) ?? "failed";
  loaded.value = { ...loaded.value, [place.path]: page };
}

function Rail({ active }: { readonly active: string }): VNode {
  return (
    <nav class="rail" aria-label={words.rail}>
      {PLACES.map(({ path, title, icon }) => (
        <a key={path} href={pathOf(path)} class="rail-place" {...(path === active ? { "aria-current": "page" as const } : {})}>
          <Icon name={icon} /><span>{title}</span>
        </a>
      ))}
    </nav>
  );
}

function NotFound({ name }: { readonly name: string }): VNode {
  const nearest = PLACES.toSorted((a, b) => distance(a.path, name) - distance(b.path, name))[0];
  return (
    <section class="page">
      <h1>{words.notFound.title}</h1>
      {nearest === undefined ? null : (
        <><p>{words.notFound.nearest(nearest.title)}</p><p><a href={pathOf(nearest.path)}>{words.notFound.go(nearest.title)}</a></p></>
      )}
    </section>
  );
}

function Failed({ place }: { readonly place: Place }): VNode {
  return (
    <section class="page">
      <h1>{words.failed.title}</h1>
      <button type="button" onClick={() => void load(place)}>{words.failed.retry}</button>
    </section>
  );
}

/** How many letters have to change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
