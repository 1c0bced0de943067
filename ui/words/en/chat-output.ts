export const words = {
  showAll: (size: string) => `Show all, ${size}`, stop: "Stop reading", goOn: "Go on reading",
  reading: (what: string) => `Reading the whole: ${what}`,
  part: (percent: number) => `${percent} % of it is shown.`,
  written: (size: string) => `The command wrote ${size}; the beginning and the end of it are kept.`,
  gone: "The whole is kept no longer; the beginning and the end of it are what there is.",
} as const;
