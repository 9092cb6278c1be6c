/** Looks for the values of secrets in texts, however they are written. Pure. */

export interface Secret {
  /** The resource that holds it. */
  readonly name: string;
  readonly value: string;
}

/** A place and everything that it shows. */
export interface Place {
  /** For a person: `the log of api`. */
  readonly where: string;
  readonly text: string;
  /** Secrets that belong there, or what they are part of. @default none */
  readonly own?: readonly string[] | undefined;
}

/** A search for one secret. */
interface Needles {
  readonly name: string;
  readonly value: string;
  readonly forms: readonly (readonly [form: string, needle: string])[];
}

/** Within base64, what stands before a value decides how the value is written. */
const ALIGNMENTS = [0, 1, 2] as const;

/** The characters of a value in base64 that do not hang on what is around it. */
export function base64Core(value: string, before: 0 | 1 | 2): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
  return whole.slice(before === 0 ? 0 : before + 1);
}

export function needlesOf({ name, value }: Secret): Needles {
  const escaped = JSON.stringify(value).slice(1, -1);
  return {
    name,
    value,
    forms: [
      ["in clear", value],
      ...(escaped === value ? [] : [["in clear", escaped] as const]),
      ...ALIGNMENTS.map((before) => ["in base64", base64Core(value, before)] as const),
    ],
  };
}

/**
 * Where which secret is: `redis-api in clear in the log of api`, each once.
 * @param own whether a secret belongs there
 */
export function leaks(places: readonly Place[], secrets: readonly Needles[]): string[] {
  const found = places.flatMap(({ where, text, own = [] }) => {
    const shown = withoutVerifiers(text);
    return secrets.flatMap(({ name, value, forms }) => {
      const form = forms.find(([, needle]) => shown.includes(needle));
      return form === undefined || own.some((whole) => whole.includes(value)) ? [] : [`${name} ${form[0]} in ${where}`];
    });
  });
  return [...new Set(found)].sort();
}

/**
 * PostgreSQL's log has roles' verifiers, and with them their salts: passwords reach the server as verifiers for that
 * reason. Nobody logs in with one.
 */
const VERIFIER = /SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+/g;

export const isVerifier = (value: string): boolean => value.startsWith("SCRAM-SHA-256$");
export const withoutVerifiers = (text: string): string => text.replace(VERIFIER, "SCRAM-SHA-256");

/** Of processes with arguments and environment, a line each, the environments only. */
export function withoutArguments(both: string, args: string): string {
  const known = args.split("\n").filter((line) => line.trim() !== "");
  return both
    .split("\n")
    .map((line) => known.reduce((rest, one) => (rest.startsWith(one) ? rest.slice(one.length) : rest), line))
    .join("\n");
}
