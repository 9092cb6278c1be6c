/** PostgreSQL's major versions: which volume holds which, and whether a change of the image may go ahead. */

/**
 * The major whose data volume has a name without a number: the pin of the first release, so that older stacks keep
 * theirs.
 */
export const FIRST_MAJOR = 16;

/**
 * A file in the data directory of a volume that `rampart upgrade-postgres` filled and verified; PostgreSQL ignores it.
 */
export const PREPARED_FILE = "rampart-prepared";

/**
 * The major version that an image's tag names: `16.15-alpine` is 16.
 * @returns undefined where the tag does not begin with one
 */
export function postgresMajor(tag: string): number | undefined {
  const major = /^(\d{2})(?:\.\d{1,3})?(?:[._-]|$)/.exec(tag)?.[1];
  return major === undefined ? undefined : Number(major);
}

/**
 * The name of a major's data volume, and of its Pulumi resource: `<base>` for 16, `<base>-17` and so on for the others.
 */
export const majorName = (base: string, major: number): string => (major === FIRST_MAJOR ? base : `${base}-${major}`);

/** The major that a volume's name stands for; undefined for another volume. */
export function majorOfName(base: string, volume: string): number | undefined {
  if (volume === base) return FIRST_MAJOR;
  const major = volume.startsWith(`${base}-`) ? /^\d{2}$/.exec(volume.slice(base.length + 1))?.[0] : undefined;
  return major === undefined ? undefined : Number(major);
}

/** The content of `rampart-prepared`: which major the data came from, so that it holds for that one switch only. */
export const preparedMark = (from: number, to: number): string => `from=${from} to=${to}\n`;

export const preparedFrom = (mark: string): number | undefined => {
  const from = /^from=(\d{2}) to=\d{2}\s*$/.exec(mark)?.[1];
  return from === undefined ? undefined : Number(from);
};

/** A data volume of Postgres as the engine has it. */
export interface DataVolumeFacts {
  readonly name: string;
  /** PG_VERSION of its data directory; absent where it holds none. */
  readonly major?: number;
  /** The major that a finished upgrade took the data from. */
  readonly preparedFrom?: number;
  /** Whether the stack's Postgres container mounts it. */
  readonly inUse: boolean;
}

export interface MajorChange {
  /** The Pulumi stack's name. */
  readonly stack: string;
  /** The name of the first major's data volume. */
  readonly base: string;
  /** The major of the configured image. */
  readonly wanted: number;
  /** The configured image, `repo:tag@sha256:…`. */
  readonly image: string;
  /** database.previousMajors: their volumes stay declared, and so kept. */
  readonly previous: readonly number[];
  readonly volumes: readonly DataVolumeFacts[];
}

/** The two settings that make the switch, and the command that deploys them. */
export function switchSteps(stack: string, image: string, from: number): string[] {
  return [
    `In the stack's file, set rampart:images: { postgres: "${image}" }`,
    `In the stack's file, set rampart:database: { previousMajors: [${from}] }, beside what stands there`,
    `\`pulumi up --stack ${stack}\``,
  ];
}

/** Why the configured image may not take the place of what runs, with the way on; undefined where it may. */
export function majorRefusal(change: MajorChange): string | undefined {
  const { base, wanted, volumes, previous, stack, image } = change;
  const targetName = majorName(base, wanted);
  const target = volumes.find(({ name }) => name === targetName);
  const current = volumes.find(({ inUse }) => inUse);
  if (target?.major !== undefined && target.major !== wanted) {
    return refusal(
      `the volume ${targetName} holds PostgreSQL ${target.major}'s data, and the configured image is PostgreSQL ` +
        `${wanted}`,
      [`Put an image of PostgreSQL ${target.major} back into rampart:images.postgres.`],
    );
  }
  const others = volumes.filter(({ name, major }) => name !== targetName && major !== undefined);
  if (current !== undefined && current.name !== targetName) {
    const from = current.major ?? majorOfName(base, current.name) ?? FIRST_MAJOR;
    if (target?.preparedFrom !== from) return wanted > from ? procedure(change, from) : wayBack(change, from);
    if (!previous.includes(from)) {
      return refusal(
        `PostgreSQL ${wanted} is prepared, and the volume ${current.name} of PostgreSQL ${from} would leave the stack`,
        [
          "Keep it declared, and go on:",
          ...switchSteps(stack, image, from)
            .slice(1)
            .map((line) => `  ${line}`),
        ],
      );
    }
    return undefined;
  }
  // Nothing runs, and data of other versions is all there is: the new server would start empty beside it.
  const kept = others.at(-1);
  if (target?.major === undefined && kept?.major !== undefined) {
    return refusal(
      `the engine holds PostgreSQL ${kept.major}'s data in ${kept.name} and none of PostgreSQL ${wanted}, which ` +
        "would start empty",
      [
        `Put an image of PostgreSQL ${kept.major} back into rampart:images.postgres and deploy; then \`npx rampart ` +
          `upgrade-postgres ${stack} --help\`.`,
        `Or, where that data is not wanted: \`docker volume rm ${kept.name}\`.`,
      ],
    );
  }
  return undefined;
}

function procedure({ stack, image, wanted }: MajorChange, from: number): string {
  return refusal(
    `PostgreSQL ${from} runs and the configured image is PostgreSQL ${wanted}: another major version takes a copy ` +
      "of the data, never the data itself",
    [
      "1. Put the old image back into rampart:images.postgres.",
      `2. npx rampart upgrade-postgres ${stack} --to '${image}' --confirm ${stack}`,
      "3. What that prints at its end:",
      ...switchSteps(stack, image, from).map((line) => `   ${line}`),
      "docs/upgrades.md has the whole.",
    ],
  );
}

function wayBack({ wanted, base }: MajorChange, from: number): string {
  return refusal(`PostgreSQL ${from} runs and the configured image is PostgreSQL ${wanted}, an older one`, [
    `Put an image of PostgreSQL ${from} back into rampart:images.postgres.`,
    `The volume ${majorName(base, wanted)} has none of what was written since the upgrade; ` +
      `docs/upgrades.md ("Back to the old version") says what going back takes.`,
  ]);
}

const refusal = (fact: string, lines: readonly string[]): string =>
  [`${fact}. Nothing was changed, and the old server goes on serving.`, ...lines].join("\n");
