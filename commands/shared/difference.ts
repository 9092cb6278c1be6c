/** Where a restored database is not what the backup held. */
export interface Difference {
  readonly what: string;
  readonly name: string;
  readonly expected: unknown;
  readonly found: unknown;
}

export const describeDifference = ({ what, name, expected, found }: Difference): string =>
  `${what} ${name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`;
