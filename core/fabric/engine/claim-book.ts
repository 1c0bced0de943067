/** The claims this engine has given out: tells a holder that it lost, and knows nothing about who is right. */
import { OpenClawError } from "@openclaw/protocol";
import type { Claim } from "@openclaw/sdk";

export class ClaimBook {
  readonly #held = new Map<number, { readonly epoch: number; readonly controller: AbortController }>();

  /** Hands out a claim; an older one on the same slot is told at once. */
  enter(slot: number, epoch: number, owner: string, cut: boolean): Claim {
    const held = this.#held.get(slot);
    const controller = new AbortController();
    if (held !== undefined && held.epoch > epoch) controller.abort(new OpenClawError("FENCED"));
    else {
      held?.controller.abort(new OpenClawError("FENCED"));
      this.#held.set(slot, { epoch, controller });
    }
    return { slot, epoch, owner, cut, lost: controller.signal };
  }

  /** For a claim that was refused as superseded. */
  fenced({ slot, epoch }: Claim): void {
    const held = this.#held.get(slot);
    if (held?.epoch !== epoch) return;
    this.#held.delete(slot);
    held.controller.abort(new OpenClawError("FENCED"));
  }

  released({ slot, epoch }: Claim): void {
    if (this.#held.get(slot)?.epoch === epoch) this.#held.delete(slot);
  }

  close(): void {
    for (const { controller } of this.#held.values()) controller.abort(new OpenClawError("CLOSED"));
    this.#held.clear();
  }
}
