/**
 * Puts tool calls together from their pieces.
 *
 * Pieces belong together by `index`. Servers take liberties, so: without an index, a new id, or a name after arguments,
 * begins a new call; the same index under a new id with a name is a new call too; a name may come in pieces or be repeated
 * whole; a missing or repeated id is replaced by one of ours; arguments may come as an object. All of it is bounded.
 */
import { ModelFailure } from "@openclaw/sdk/model-wire";
import type { ToolCall } from "@openclaw/sdk";

export interface CallDelta {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
}

const CALLS_MAX = 128;
const NAME_CHARS_MAX = 256;
const ID_CHARS_MAX = 256;
/** Beyond this the rest is dropped: whoever dispatches refuses arguments long before. */
const ARGUMENTS_CHARS_MAX = 2_097_152;

interface OpenCall {
  index: unknown;
  id: string;
  name: string;
  arguments: string;
}

export class CallCollector {
  readonly #random: () => number;
  readonly #calls: OpenCall[] = [];

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Adds a piece and tells how many characters it brought. Throws MODEL_OUTPUT_INVALID beyond 128 calls. */
  add(delta: CallDelta): number {
    if (typeof delta !== "object" || delta === null) return 0;
    const id = typeof delta.id === "string" ? delta.id.slice(0, ID_CHARS_MAX) : "";
    const name = typeof delta.function?.name === "string" ? delta.function.name : "";
    const call = this.#find(delta.index, id, name) ?? this.#open(delta.index);
    if (call.id === "") call.id = id;
    if (name !== call.name && call.name.length + name.length <= NAME_CHARS_MAX) call.name += name;
    const given = delta.function?.arguments;
    const piece = typeof given === "string" ? given : given === undefined || given === null ? "" : JSON.stringify(given);
    const room = ARGUMENTS_CHARS_MAX - call.arguments.length;
    if (room > 0) call.arguments += room >= piece.length ? piece : piece.slice(0, room);
    return name.length + piece.length;
  }

  /** The calls in the order of their beginning, each with an id of its own. A call without a name is kept: it is refused by name later. */
  finished(): readonly ToolCall[] {
    const ids = new Set<string>();
    return this.#calls.map((call) => {
      const ours = `call_${Math.floor(this.#random() * 36 ** 9).toString(36).padStart(9, "0")}_${ids.size}`;
      const id = call.id !== "" && !ids.has(call.id) ? call.id : ours;
      ids.add(id);
      return { id, name: call.name, arguments: call.arguments.trim() === "" ? "{}" : call.arguments };
    });
  }

  #find(index: unknown, id: string, name: string): OpenCall | undefined {
    const found = typeof index === "number" ? this.#calls.findLast((call) => call.index === index) : this.#calls.at(-1);
    if (found === undefined) return undefined;
    if (id !== "" && found.id !== "" && id !== found.id && name !== "") return this.#calls.find((call) => call.id === id);
    if (typeof index !== "number" && id === "" && name !== "" && found.arguments !== "") return undefined;
    return found;
  }

  #open(index: unknown): OpenCall {
    if (this.#calls.length >= CALLS_MAX) {
      throw new ModelFailure("MODEL_OUTPUT_INVALID", `The model made more than ${CALLS_MAX} calls in one answer.`);
    }
    const call: OpenCall = { index, id: "", name: "", arguments: "" };
    this.#calls.push(call);
    return call;
  }
}
