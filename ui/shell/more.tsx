/** On a phone: the places that the bar has no room for, and what the rail's foot holds on a desk. Comes when it is opened. */
import type { VNode } from "preact";
import { Dialog } from "../kit/dialog.tsx";
import { Icon } from "../kit/icon.tsx";
import { PLACES } from "../pages/places.ts";
import { words } from "../words/en/shell.ts";
import { badges } from "./badges.ts";
import { closeOverlay, openOverlay } from "./overlay.ts";
import { pathOf } from "./route.ts";
import { ThemeAct } from "./rail.tsx";

export function Overlay(): VNode {
  return (
    <Dialog title={words.more} onClose={closeOverlay}>
      <ul class="more">
        {PLACES.filter(({ hidden }) => hidden !== true).map(({ path, title, icon }) => (
          <li key={path}>
            <a href={pathOf(path)} class="rail-place" onClick={closeOverlay}>
              <Icon name={icon} /><span class="rail-title">{title}</span>
              {(badges.value[path]?.count ?? 0) > 0 ? <span class="soft small">{badges.value[path]?.word}</span> : null}
            </a>
          </li>
        ))}
        <li>
          <button type="button" class="rail-place rail-act" onClick={() => openOverlay("palette")}>
            <Icon name="search" /><span class="rail-title">{words.palette.open}</span>
          </button>
        </li>
        <li><ThemeAct /></li>
      </ul>
    </Dialog>
  );
}
