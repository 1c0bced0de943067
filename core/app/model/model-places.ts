/** Where models are commonly had: servers on this machine, and services by the variable their key is usually kept in. */
import { UsageError } from "../terminal/usage-error.ts";

export interface ModelPlace {
  /** Before the slash in provider/model. */
  readonly name: string;
  readonly title: string;
  readonly baseUrl: string;
  /** The interface it speaks; the usual one unless given. */
  readonly api?: string;
  /** Variables that hold a key for it, the usual one first; none for a server on this machine. */
  readonly keys: readonly string[];
}

/** Local ones first: they cost nothing and nothing leaves the machine. */
export const MODEL_PLACES: readonly ModelPlace[] = [
  { name: "ollama", title: "Ollama", baseUrl: "http://127.0.0.1:11434/v1", keys: [] },
  { name: "llamacpp", title: "llama.cpp", baseUrl: "http://127.0.0.1:8080/v1", keys: [] },
  { name: "lmstudio", title: "LM Studio", baseUrl: "http://127.0.0.1:1234/v1", keys: [] },
  { name: "anthropic", title: "Anthropic", baseUrl: "https://api.anthropic.com", api: "anthropic-messages", keys: ["ANTHROPIC_API_KEY"] },
  { name: "openai", title: "OpenAI", baseUrl: "https://api.openai.com/v1", keys: ["OPENAI_API_KEY"] },
  {
    name: "gemini", title: "Google Gemini", baseUrl: "https://generativelanguage.googleapis.com/v1beta/openai",
    keys: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  },
  { name: "openrouter", title: "OpenRouter", baseUrl: "https://openrouter.ai/api/v1", keys: ["OPENROUTER_API_KEY"] },
  { name: "mistral", title: "Mistral", baseUrl: "https://api.mistral.ai/v1", keys: ["MISTRAL_API_KEY"] },
  { name: "groq", title: "Groq", baseUrl: "https://api.groq.com/openai/v1", keys: ["GROQ_API_KEY"] },
  { name: "deepseek", title: "DeepSeek", baseUrl: "https://api.deepseek.com/v1", keys: ["DEEPSEEK_API_KEY"] },
  { name: "xai", title: "xAI", baseUrl: "https://api.x.ai/v1", keys: ["XAI_API_KEY"] },
];

/** A model that may become one of the configuration's. */
export interface Candidate {
  readonly provider: string;
  readonly baseUrl: string;
  readonly api: string;
  readonly model: string;
  readonly contextTokens?: number;
}

const USUAL_API = "openai-completions";

/** On this machine: nothing leaves it, and a key is rarely wanted. */
export function isLocal(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Ollama where its own variable says, as long as that is this machine. */
export function placesFor(environment: Readonly<Record<string, string | undefined>>): readonly ModelPlace[] {
  const said = (environment["OLLAMA_HOST"] ?? "").trim();
  const url = said === "" ? null : URL.parse(said.includes("://") ? said : `http://${said}`);
  if (url === null) return MODEL_PLACES;
  // What it listens on everywhere, it listens on here.
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") url.hostname = "127.0.0.1";
  if (url.port === "" && !said.includes("://")) url.port = "11434";
  if (!isLocal(url.hostname)) return MODEL_PLACES;
  return MODEL_PLACES.map((place) => (place.name === "ollama" ? { ...place, baseUrl: `${url.origin}/v1` } : place));
}

export function placeNamed(name: string, environment: Readonly<Record<string, string | undefined>>): ModelPlace | undefined {
  return placesFor(environment).find((place) => place.name === name.toLowerCase());
}

/** Throws UsageError for an address that is none, or that holds a password. */
export function candidateAt(
  place: Pick<ModelPlace, "baseUrl" | "api"> & { readonly name?: string | undefined }, model: string, contextTokens?: number,
): Candidate {
  const url = URL.parse(place.baseUrl);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    throw new UsageError(
      `"${place.baseUrl}" is not where an API begins.`, "Write it as http://127.0.0.1:8080/v1, and the key by --key-from-env.",
    );
  }
  const byHost = url.hostname.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").toLowerCase();
  const provider = place.name ?? (isLocal(url.hostname) ? "local" : byHost);
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(provider)) throw new UsageError(
    `"${provider}" cannot be a provider's name.`, "Say --name with lower-case letters, digits and dashes.",
  );
  return {
    provider, baseUrl: place.baseUrl.replace(/\/+$/, ""), api: place.api ?? USUAL_API, model,
    ...(contextTokens === undefined ? {} : { contextTokens }),
  };
}
