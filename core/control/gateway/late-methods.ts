import type { MethodSpec } from "@openclaw/protocol";
import type { MethodHandler, MethodHandlers } from "./method.ts";

/**
 * Methods whose handlers are loaded when one of them is called first; a start does not wait for them. Calls of one table keep
 * their order. Not for what has to stay in order with other tables, such as a subscription before a message.
 */
export function lateMethods(specs: Readonly<Record<string, MethodSpec>>, load: () => Promise<MethodHandlers>): MethodHandlers {
  let loaded: MethodHandlers | undefined;
  let loading: Promise<MethodHandlers> | undefined;
  const handlerOf = (name: string): MethodHandler => (params, ctx) => {
    if (loaded !== undefined) return loaded[name]?.(params, ctx);
    loading ??= load().then((handlers) => (loaded = handlers));
    return loading.then((handlers) => handlers[name]?.(params, ctx));
  };
  return Object.fromEntries(Object.keys(specs).map((name) => [name, handlerOf(name)]));
}
