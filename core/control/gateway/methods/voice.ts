/** Voice: the words that wake a device, and whether a conversation by voice is on. */
import type { MethodHandlers } from "../method.ts";
import type { VoiceWake } from "../voice-wake.ts";

export interface VoiceMethodDeps {
  readonly voice: VoiceWake;
  readonly now: () => number;
  readonly tell: (event: string, payload: unknown) => void;
}

export function voiceMethods({ voice, now, tell }: VoiceMethodDeps): MethodHandlers {
  return {
    "voicewake.get": () => ({ triggers: voice.triggers }),
    "voicewake.set": async (params) => ({ triggers: await voice.change((params as { readonly triggers: readonly string[] }).triggers) }),
    "voicewake.routing.get": () => ({ config: voice.routing }),
    "talk.config": () => ({ config: {} }),
    "talk.mode": (params) => {
      const { enabled, phase = null } = params as { readonly enabled: boolean; readonly phase?: string };
      const mode = { enabled, phase, ts: now() };
      tell("talk.mode", mode);
      return mode;
    },
  };
}
