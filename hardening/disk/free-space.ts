/** How much room an engine's disk has, as a container of that engine sees the disk. */

export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

/**
 * Asked within a container: its root lies where images do, and /etc/hosts where the engine keeps volumes and logs.
 * POSIX, and BusyBox knows the options.
 */
export const FREE_SPACE_COMMAND = ["df", "-P", "-k", "/", "/etc/hosts"] as const;

/**
 * Bytes that the fuller of the disks has free.
 * @param said what the command wrote
 * @returns undefined where that is no answer of df's
 */
export function freeBytes(said: string): number | undefined {
  const found = said
    .split("\n")
    .flatMap((line) => /^\S+\s+\d+\s+\d+\s+(\d+)\s+\d+%\s/.exec(line)?.[1] ?? [])
    .map((kib) => Number(kib) * 1024);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** `1.4 GiB`, `310 MiB`: cut and never rounded up, as nobody should count on more. */
export function sizeText(bytes: number): string {
  if (bytes < GIB) return `${Math.floor(bytes / MIB)} MiB`;
  return `${(Math.floor((bytes / GIB) * 10) / 10).toFixed(1)} GiB`;
}

export interface Shortage {
  readonly stack: string;
  readonly reference: string;
  readonly host: string;
  readonly freeBytes: number;
  readonly minFreeGiB: number;
}

/** Why an image is not pulled, and what to do; undefined where there is room. */
export function shortageOf({ stack, reference, host, freeBytes: free, minFreeGiB }: Shortage): string | undefined {
  if (free >= minFreeGiB * GIB) return undefined;
  return (
    `${reference} was not pulled: the disk of the engine at ${host} has ${sizeText(free)} free, and ` +
    `rampart:disk.minFreeGiB asks for ${minFreeGiB} GiB.\n` +
    `\`npx rampart clean ${stack}\` shows which old images of the stack can go, and \`docker system df\` what else ` +
    "takes room. A smaller minFreeGiB lets the update go on."
  );
}
