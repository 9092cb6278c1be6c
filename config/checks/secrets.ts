/** Secrets: each variable has one source, and each source holds a good value. */
import { generatedLength } from "../derived";
import type { Fault, FaultParams } from "../faults";
import { correction } from "../nearest";
import type { SecretLookup } from "../raw";
import { isStackKey, type StackConfig } from "../schema";
import type { SecretReference } from "../schema/secret";
import { commandOf, commandText } from "../sources/arguments";
import { secretValueCheck } from "../values/program";
import type { LookUp, ShowPath } from "./check";
import { isSigningName, looksRandom } from "../values/secret-shapes";
import { canaries, programs, type Program } from "./programs";

/** Variables that a secret sets too. */
const doubledFaults = ([at, program, urls]: Program, show: ShowPath): Fault[] =>
  [...new Set([...Object.keys(program.secrets), ...urls])].flatMap((name) => {
    const doubled = [name, `${name}_FILE`].find((variable) => Object.hasOwn(program.environment, variable));
    if (doubled === undefined) return [];
    return [
      {
        path: show([...at, "environment", doubled]),
        given: "a variable that a secret sets too",
        allowed: "one source for each variable",
        fix: "remove one of the two",
      },
    ];
  });

export function secretFaults(config: StackConfig, show: ShowPath): Fault[] {
  const faults: Fault[] = canaries(config).flatMap((canary) => doubledFaults(canary, show));
  const lengths = new Map<string, { readonly length: number; readonly path: string }>();
  for (const one of programs(config)) {
    const [at, program, urls] = one;
    const names = Object.keys(program.secrets);
    faults.push(...doubledFaults(one, show));
    for (const name of [...new Set([...names, ...urls])]) {
      if (names.includes(name) && (urls.includes(name) || names.includes(`${name}_FILE`))) {
        const fix = urls.includes(name)
          ? "remove it: the stack's own database or cache sets it"
          : "rename one of the two secrets";
        faults.push({
          path: show([...at, "secrets", name]),
          given: "a variable that is set twice",
          allowed: "one source for each variable",
          fix,
        });
      }
    }
    for (const [name, spec] of Object.entries(program.secrets)) {
      const length = generatedLength(spec);
      if (length === undefined) continue;
      const path = show([...at, "secrets", name]);
      const first = lengths.get(name);
      if (first !== undefined && first.length !== length) {
        faults.push({
          path,
          given: `${length} characters`,
          allowed: "one length for a generated secret, which all services that name it share",
          fix: `use the ${first.length} characters of ${first.path}, or another name`,
        });
      }
      lengths.set(name, first ?? { length, path });
    }
    const known = [...names, ...urls];
    for (const name of program.secretsInEnvironment?.names ?? []) {
      if (known.includes(name)) continue;
      faults.push({
        path: show([...at, "secretsInEnvironment", "names"]),
        given: JSON.stringify(name),
        allowed: known.join(", ") || "none, as there are no secrets",
        fix: correction(name, known, `add ${name} under secrets, or remove it here`),
      });
    }
  }
  return faults;
}

/** Secrets from the configuration: each is set, encrypted, long enough and not a placeholder. */
export function secretValueFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  return programs(config).flatMap(([at, program]) =>
    Object.entries(program.secrets).flatMap(([name, spec]) => {
      if (typeof spec !== "object" || "generated" in spec) return [];
      const fault = secretFault(name, spec, lookUp(spec));
      return fault === undefined
        ? []
        : [{ path: show([...at, "secrets", name]), given: shownReference(spec), ...fault }];
    }),
  );
}

/** How a person knows where a secret is. */
export const shownReference = (secret: SecretReference): string =>
  "from" in secret ? `\`${commandText(commandOf(secret.from))}\`` : `rampart:${secret.config}`;

/** How a person gives a secret another value. */
export const howToSet = (secret: SecretReference): string =>
  "from" in secret ? "put another value at its source" : `\`pulumi config set --secret rampart:${secret.config}\``;

export function secretFault(name: string, secret: SecretReference, found: SecretLookup): FaultParams | undefined {
  if ("from" in secret) return sourcedFault(name, secret, found);
  const { config: key } = secret;
  if (isStackKey(key))
    return {
      given: `rampart:${key}, which is a key of Rampart's own`,
      allowed: "a flat key of your own that holds only this secret",
      fix:
        `choose another key: ${name}: { config: ${camelCase(name)} }, after \`pulumi config set --secret ` +
        `rampart:${camelCase(name)}\``,
    };
  const fix = `\`pulumi config set --secret rampart:${key}\``;
  switch (found.kind) {
    case "missing":
      if (looksRandom(key))
        return {
          given: `a text of ${key.length} characters that looks like a secret (hidden), and is no key of the stack`,
          allowed: "the name of a key that the stack's configuration holds",
          fix:
            `\`pulumi config set --secret rampart:${camelCase(name)}\`, write { config: ${camelCase(name)} }, and ` +
            "change the secret: it has been in a file that is shared",
        };
      return {
        given: `the key rampart:${key}, which is not set`,
        allowed: "a key that the stack's configuration holds",
        fix,
      };
    case "plain":
      return { given: `rampart:${key} in clear text`, allowed: "an encrypted value", fix };
    case "secret": {
      const fault = secretValueCheck(isSigningName(name) ? name : key, found.value);
      return fault === undefined ? undefined : { ...fault, given: `rampart:${key}, ${fault.given ?? "hidden"}` };
    }
    default: {
      const unknown: never = found;
      throw new Error(`not a secret's state: ${JSON.stringify(unknown)}`);
    }
  }
}

function sourcedFault(name: string, secret: SecretReference, found: SecretLookup): FaultParams | undefined {
  const fault = found.kind === "secret" ? secretValueCheck(name, found.value) : undefined;
  return fault && { ...fault, given: `${shownReference(secret)}, ${fault.given ?? "hidden"}`, fix: howToSet(secret) };
}

/** JWT_SECRET as jwtSecret. */
const camelCase = (name: string): string =>
  name.toLowerCase().replace(/_+([a-z0-9])/g, (_match, letter: string) => letter.toUpperCase());
