import type { VNode } from "preact";
import { words } from "../../words/en/shell.ts";
import type { PageProps } from "../page.ts";

export function Page(_props: PageProps): VNode {
  return <section class="page"><header class="page-head"><h1>{words.places.now}</h1></header></section>;
}
