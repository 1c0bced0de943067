import type { Actuators, ActuatorsDeps } from "./open-actuators.ts";

/**
 * The actuators, loaded where one is configured, else when somebody asks for one all the same. Behaves as `openActuators`. The
 * caller disposes.
 */
export async function openActuatorsLate(deps: ActuatorsDeps): Promise<Actuators> {
  let loading: Promise<Actuators> | undefined;
  const whole = (): Promise<Actuators> => (loading ??= import("./open-actuators.ts").then(({ openActuators }) => openActuators(deps)));
  if (Object.keys(deps.config).length > 0) return await whole();
  return {
    tools: [],
    list: () => [],
    carryOut: async (...args) => (await whole()).carryOut(...args),
    handOver: async (...args) => (await whole()).handOver(...args),
    forgetEnd: async (id) => (await whole()).forgetEnd(id),
    [Symbol.asyncDispose]: async () => {
      await (await loading)?.[Symbol.asyncDispose]();
    },
  };
}
