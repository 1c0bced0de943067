export const words = {
  model: (model: string, failures: number) =>
    `${model} is given a rest after ${failures} ${failures === 1 ? "failure" : "failures"}`,
  everyModel: (credential: string) => `Every model of ${credential}`,
  modelSafe: "What you send is kept; other models go on.",
  tried: "One call is trying it now.", tryAt: (at: string) => `It is tried again at ${at}.`,
  queue: (queue: string, jobs: number) => `The queue ${queue} is behind: ${jobs} ${jobs === 1 ? "job waits" : "jobs wait"}`,
  queueSafe: "Nothing is lost; conversations go on.",
  unwell: "The gateway does not feel well", unwellSafe: "What was accepted is stored.",
} as const;
