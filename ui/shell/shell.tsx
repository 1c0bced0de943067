/** The frame that never changes place: rail, bars, and in it whatever page the address names. */
import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect, useLayoutEffect } from "preact/hooks";
import { ConfirmHost } from "../kit/confirm.tsx";
import { Toasts } from "../kit/toasts.tsx";
import type { Link } from "../link.ts";
import type { PageProps } from "../pages/page.ts";
import { HOME, PLACES, type Place } from "../pages/places.ts";
import { words } from "../words/en/shell.ts";
import { ConnectionBar } from "./connection-bar.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { findNearest } from "./nearest.ts";
import { OpenOverlay } from "./open-overlay.tsx";
import { Rail } from "./rail.tsx";
import { loadStyle } from "./load-style.ts";
import { pathOf, route } from "./route.ts";
import type { UnpairedProps } from "./unpaired.tsx";

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
  const refused = link.state.value.kind === "refused" ? link.state.value : undefined;
  useLayoutEffect(() => {
    document.documentElement.dataset["place"] = place === undefined || refused !== undefined ? "none" : name;
    document.title = place === undefined ? words.product : `${place.title} · ${words.product}`;
    if (place !== undefined && Page === undefined) void load(place);
  }, [name, Page, refused === undefined]);
  return (
    <>
      <a class="skip" href="#main">{words.skip}</a>
      <Rail active={name} />
      <main id="main" tabIndex={-1}>
        <ConnectionBar link={link} />
        {refused !== undefined ? <Refused link={link} ended={refused.ended} waits={refused.waits} />
          : place === undefined ? <NotFound name={name} />
            : Page === undefined ? <div class="page-wait" />
              : Page === "failed" ? <Failed place={place} /> : <ErrorBoundary key={name}><Page link={link} /></ErrorBoundary>}
      </main>
      <Toasts />
      <ConfirmHost />
      <OpenOverlay link={link} />
    </>
  );
}

async function load(place: Place): Promise<void> {
  const loading: Promise<Loaded> = place.load?.().then(({ Page }) => Page, () => "failed" as const) ?? Promise.resolve("failed" as const);
  const [page] = await Promise.all([loading, loadStyle(place.style ?? place.path)]);
  loaded.value = { ...loaded.value, [place.path]: page };
}

const unpaired = signal<ComponentType<UnpairedProps> | undefined>(undefined);

/** Few browsers are ever refused: what they see is fetched then. Until it is there, or cannot be had, its first sentence stands. */
function Refused(props: UnpairedProps): VNode {
  useEffect(() => void import("./unpaired.tsx").then(({ Unpaired }) => {
    unpaired.value = Unpaired;
  }, () => undefined), []);
  const View = unpaired.value;
  return View === undefined ? <section class="page"><p>{props.ended.why} {props.ended.next}</p></section> : <View {...props} />;
}

function NotFound({ name }: { readonly name: string }): VNode {
  const nearest = findNearest(name, PLACES, ({ path }) => path);
  return (
    <section class="page">
      <header class="page-head"><h1>{words.notFound.title}</h1></header>
      <p>{words.notFound.what(name)}</p>
      {nearest === undefined ? null : (
        <><p>{words.notFound.nearest(nearest.title)}</p><p><a href={pathOf(nearest.path)}>{words.notFound.go(nearest.title)}</a></p></>
      )}
    </section>
  );
}

function Failed({ place }: { readonly place: Place }): VNode {
  return (
    <section class="page">
      <header class="page-head"><h1>{words.failed.title}</h1></header>
      <p>{words.failed.why}</p>
      <p class="row">
        <button type="button" class="primary" onClick={() => location.reload()}>{words.reload}</button>
        <button type="button" onClick={() => void load(place)}>{words.failed.retry}</button>
      </p>
    </section>
  );
}
