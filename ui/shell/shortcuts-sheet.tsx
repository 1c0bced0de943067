/** All shortcuts that work just now. Comes when it is opened. */
import type { VNode } from "preact";
import { Dialog } from "../kit/dialog.tsx";
import { words } from "../words/en/shell.ts";
import { closeOverlay } from "./overlay.ts";
import { shortcuts } from "./shortcuts.ts";

export function Overlay(): VNode {
  return (
    <Dialog title={words.shortcuts.title} onClose={closeOverlay}>
      <div class="shortcuts">
        {shortcuts.value.map((group, index) => (
          <section key={index}>
            <h3>{group.title}</h3>
            <dl>{group.shortcuts.map(({ keys, title }) => (
              <div key={keys}><dt>{keys.split(" ").map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{title}</dd></div>
            ))}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
