import type { ModelInfo, ModelMessage, Provider } from "@openclaw/sdk";

export function takesImages(info: Pick<ModelInfo, "input">, provider: Pick<Provider, "input">): boolean {
  return (info.input ?? provider.input ?? []).includes("image");
}

const UNSEEN = "[The model that answers takes no pictures: it knows only what is written here of them.]";
const GONE = "[A picture could not be read any more.]";

/** Pictures only for a model that takes them, and only those that were read; whatever is missing is said. */
export function fitImages(messages: readonly ModelMessage[], takes: boolean): readonly ModelMessage[] {
  if (!messages.some((message) => message.role === "user" && message.images !== undefined)) return messages;
  return messages.map((message) => {
    if (message.role !== "user" || message.images === undefined) return message;
    const { images, text } = message;
    if (!takes) return { role: "user", text: `${text}\n${UNSEEN}` };
    const read = images.filter(({ base64 }) => base64 !== "");
    const said = read.length === images.length ? text : `${text}\n${GONE}`;
    return read.length === 0 ? { role: "user", text: said } : { role: "user", text: said, images: read };
  });
}
