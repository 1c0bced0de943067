/**
 * Onboarding: a model that answers, a gateway that runs, and one real answer as the proof of both.
 *
 * It asks only what it cannot find out. Where the proof fails, the configuration and the vault are as they were before.
 */
export { runOnboarding } from "./onboard/run-onboarding.ts";
