export const words = {
  title: "Alerts", seen: "Seen", seenBy: (by: string) => `seen by ${by}`, times: (count: number) => `${count} times`,
  severity: { problem: "Problem", attention: "Attention" } as const,
} as const;
