export const words = {
  copy: "Copy", copied: "Copied", copyWhat: (what: string) => `Copy ${what}`,
} as const;
