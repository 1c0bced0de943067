/** A part that is fetched when it is first shown. Nothing stands in its place until then; one that cannot be fetched says so. */
import { signal } from "@preact/signals";
import type { ComponentType, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { words } from "../words/en/kit.ts";

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => VNode | null {
  const loaded = signal<{ readonly Part: ComponentType<P> } | "failed" | undefined>(undefined);
  let loading = false;
  const fetchPart = (): void => {
    if (loading) return;
    loading = true;
    loaded.value = undefined;
    load().then((Part) => {
      loaded.value = { Part };
    }, () => {
      loading = false;
      loaded.value = "failed";
    });
  };
  return (props) => {
    useEffect(fetchPart, []);
    const found = loaded.value;
    if (found === undefined) return null;
    if (found === "failed") {
      return <p class="bar problem" role="alert">{words.partFailed} <button type="button" onClick={fetchPart}>{words.again}</button></p>;
    }
    return <found.Part {...props} />;
  };
}
