/**
 * What is loaded when it is first used.
 *
 * A start does not wait for what it may never need. A door names such a function in one line,
 *
 *     export const openThing = late(() => import("./thing/open-thing.ts"), "openThing");
 *
 * and nobody who calls it can tell: it has the same type, and from its second call on the same cost.
 */
type Asynchronous = (...args: never[]) => Promise<unknown>;

/** The function `name` of a module that is loaded at the first call. Calls keep their order. */
export function late<M, const K extends keyof M>(load: () => Promise<M>, name: K): M[K] & Asynchronous {
  type Call = (...args: readonly unknown[]) => Promise<unknown>;
  let loaded: Call | undefined;
  let loading: Promise<Call> | undefined;
  const call: Call = (...args) => {
    if (loaded !== undefined) return loaded(...args);
    loading ??= load().then((module) => (loaded = module[name] as Call));
    return loading.then((first) => first(...args));
  };
  return call as M[K] & Asynchronous;
}
