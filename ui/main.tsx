/** The page's beginning: the box to type in is there already, in the HTML; this brings the rest to life around it. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { openLink } from "./link.ts";
import { tokenIn } from "./link/token-in.ts";
import { Composer } from "./pages/chat/composer.tsx";
import { Page as ChatPage } from "./pages/chat/page.tsx";
import { followLinks } from "./shell/route.ts";
import { Shell } from "./shell/shell.tsx";

const token = tokenIn(location.hash);
// Neither the address bar nor the history keeps what lets a browser in.
if (token !== undefined) history.replaceState(undefined, "", location.pathname + location.search);
const link = openLink(location.origin, token);
followLinks();
effect(() => {
  document.documentElement.dataset["link"] = link.state.value.kind;
});

const shell = document.getElementById("shell");
const bar = document.getElementById("composer-bar");
if (shell === null || bar === null) throw new Error("This is not the page that the script belongs to.");
render(<Composer link={link} />, bar);
render(<Shell link={link} first={{ chat: ChatPage }} />, shell);
