/**
 * A text that is being said, shown once however often it is begun.
 *
 * After a lost connection, a gateway that died or a model that was asked again, a text comes from its beginning. What stands on the
 * screen already is left out; only where it comes out otherwise is it shown again, whole and apart from what was withdrawn.
 */
import { textAt, type Payload } from "./payload.ts";

export interface SaidText {
  /** What stands on the screen of the text that is being said. */
  readonly shown: string;
  /** The data of one `assistant` event. */
  piece(data: Payload): void;
  /** All that has been said by now. */
  soFar(text: string): void;
  /** The text is whole, as its record has it. */
  whole(text: string): void;
  /** The connection was lost: what comes next may begin anywhere. */
  lost(): void;
  /** What comes next is another text. */
  end(): void;
}

export interface SaidTextDeps {
  readonly show: (text: string) => void;
  /** What is shown next is not what stands there. */
  readonly withdraw: () => void;
}

export function createSaidText({ show, withdraw }: SaidTextDeps): SaidText {
  let shown = "";
  /** What has come since the text was begun, perhaps for the second time. */
  let come = "";
  let item: string | undefined;

  const advance = (): void => {
    if (shown.startsWith(come)) return;
    if (!come.startsWith(shown)) {
      withdraw();
      shown = "";
    }
    show(come.slice(shown.length));
    shown = come;
  };
  return {
    get shown() {
      return shown;
    },
    piece: (data) => {
      const id = textAt(data, "itemId");
      const isBegun = data["replace"] === true || (item !== undefined && id !== undefined && id !== item);
      item = id ?? item;
      if (isBegun) come = "";
      come = typeof data["delta"] === "string" ? come + data["delta"] : textAt(data, "text") ?? come;
      advance();
    },
    soFar: (text) => {
      come = text;
      item = undefined;
      advance();
    },
    whole: (text) => {
      // A record may lack the space around what streamed.
      if (shown.trim().startsWith(text.trim())) return;
      come = text;
      advance();
    },
    lost: () => {
      come = "";
      item = undefined;
    },
    end: () => {
      shown = "";
      come = "";
      item = undefined;
    },
  };
}
