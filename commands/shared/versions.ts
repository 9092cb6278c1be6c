/** `3.256.0` in what `pulumi version` prints; undefined where it prints no version. */
export const versionIn = (printed: string): string | undefined => /^v?(\d+\.\d+\.\d+\S*)/.exec(printed.trim())?.[1];

/** The order of two versions by their numbers; what follows a hyphen or a plus sign is left out. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string): number[] => (version.split(/[-+~]/)[0] ?? "").split(".").map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
