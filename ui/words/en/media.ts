export const words = {
  save: (name: string) => `Save ${name}`,
  show: { image: (name: string) => `Show ${name}`, audio: (name: string) => `Play ${name}`, video: (name: string) => `Play ${name}` },
  loading: (name: string) => `Fetching ${name}…`,
  gone: (name: string) => `${name} could not be read. Its conversation may keep it no longer.`,
  heard: "As a program heard it:", heardIn: (name: string) => `What is said in ${name}`, silence: "Nothing is said in it.",
  again: "Try again",
  files: "Files of this message",
} as const;
