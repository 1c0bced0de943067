/** What a page is: a component that is given the way to the gateway, and finds in the address what it is to show. */
import type { ComponentType } from "preact";
import type { Link } from "../link.ts";

export interface PageProps { readonly link: Link }

export interface PageModule { readonly Page: ComponentType<PageProps> }
