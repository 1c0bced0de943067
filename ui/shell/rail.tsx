/** The places, always there: at the left on a desk, four of them and the rest under "More" at the foot of a phone. */
import type { VNode } from "preact";
import { Icon, type IconName } from "../kit/icon.tsx";
import { PLACES, type Place } from "../pages/places.ts";
import { words } from "../words/en/shell.ts";
import { badges } from "./badges.ts";
import { openOverlay } from "./overlay.ts";
import { pathOf } from "./route.ts";
import { theme, THEMES, type Theme } from "./theme.ts";

/** How many places a phone's bar has beside "More". */
const IN_BAR = 4;

const SHOWN = PLACES.filter(({ hidden }) => hidden !== true);

export function Rail({ active }: { readonly active: string }): VNode {
  const isInMore = SHOWN.findIndex(({ path }) => path === active) >= IN_BAR;
  return (
    <nav class="rail" aria-label={words.rail}>
      <ul class="rail-places">
        {SHOWN.map((place, index) => (
          <li key={place.path} class={index < IN_BAR ? "" : "rest"}><RailPlace place={place} active={active} /></li>
        ))}
        {SHOWN.length <= IN_BAR ? null : (
          <li class="only-phone">
            <button
              type="button" class={`rail-place ${isInMore ? "holds-current" : ""}`} aria-haspopup="dialog"
              onClick={() => openOverlay("more")}
            ><Icon name="more" /><span>{words.more}</span></button>
          </li>
        )}
      </ul>
      <div class="rail-foot only-desk">
        <RailAct icon="search" title={words.palette.open} keys="Ctrl-K" act={() => openOverlay("palette")} />
        <RailAct icon="keyboard" title={words.shortcuts.open} keys="?" act={() => openOverlay("shortcuts")} />
        <ThemeAct />
      </div>
    </nav>
  );
}

function RailPlace({ place: { path, title, icon }, active }: { readonly place: Place; readonly active: string }): VNode {
  const badge = badges.value[path];
  const waits = badge !== undefined && badge.count > 0;
  return (
    <a href={pathOf(path)} class="rail-place" title={title} {...(path === active ? { "aria-current": "page" as const } : {})}>
      <Icon name={icon} /><span class="rail-title">{title}</span>
      {waits ? (
        <span class="badge">
          <span aria-hidden="true">{badge.count > 99 ? "99+" : badge.count}</span><span class="unseen">, {badge.word}</span>
        </span>
      ) : null}
    </a>
  );
}

interface RailActProps { readonly icon: IconName; readonly title: string; readonly keys?: string; readonly act: () => void }

function RailAct({ icon, title, keys, act }: RailActProps): VNode {
  return (
    <button type="button" class="rail-place rail-act" title={title} onClick={act}>
      <Icon name={icon} /><span class="rail-title">{title}</span>{keys === undefined ? null : <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { system: "half", light: "sun", dark: "moon" };

/** Goes round: as the system has it, light, dark. */
export function ThemeAct(): VNode {
  const chosen = theme.value;
  return (
    <RailAct icon={THEME_ICONS[chosen]} title={words.theme[chosen]} act={() => {
      theme.value = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length] ?? "system";
    }} />
  );
}
