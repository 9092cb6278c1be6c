/** Why an image could not be pulled: which registry refused, as whom it was asked, and what to do. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { registryOf } from "../hardening/container/image";

/** As whom a stack pulls, by registry; undefined: by the login of whoever deploys. */
export type RegistryUsers = Readonly<Record<string, string | undefined>>;

export interface FailedPull {
  readonly reference: string;
  /** What the provider says. */
  readonly errors: readonly string[];
  readonly users: RegistryUsers;
  /** The engine, which is what pulls. */
  readonly host: string;
}

const REFUSED = new RegExp(
  [
    "no basic auth credentials|unauthorized|authentication required|denied|may require 'docker login'",
    String.raw`incorrect username or password|status: 40[13]\b`,
  ].join("|"),
  "i",
);
const UNKNOWN = /manifest unknown|manifest for .* not found|name unknown|not found: manifest/i;
const TOO_MANY = /toomanyrequests|too many requests|rate limit/i;
const OUT_OF_REACH = new RegExp(
  [
    "no such host|connection refused|i/o timeout|deadline exceeded|x509|no route to host",
    "network is unreachable|server gave HTTP response",
  ].join("|"),
  "i",
);

/** In words for a person; undefined where the provider's own words have to do. */
export function pullFailure({ reference, errors, users, host }: FailedPull): string | undefined {
  const said = engineWords(errors.join("\n"), reference);
  const registry = registryOf(reference);
  const image = reference.split("@")[0] ?? reference;
  if (TOO_MANY.test(said))
    return (
      `${registry} limits how much is pulled, and refused ${image}: ${said}\n` +
      `${Object.hasOwn(users, registry) ? "Wait, then try again." : `Wait, or log in: ${howToLogIn(registry)}.`}`
    );
  if (UNKNOWN.test(said))
    return (
      `${registry} has no ${image} with this digest: ${said}\nCheck the name, the tag and the digest: ` +
      `\`docker buildx imagetools inspect ${image}\`.`
    );
  if (REFUSED.test(said))
    return `${registry} refused ${image}${askedAs(registry, users)}: ${said}\n${remedy(registry, users)}`;
  if (OUT_OF_REACH.test(said))
    return (
      `The engine at ${host} did not reach ${registry} for ${image}: ${said}\n` +
      "The engine pulls, so what counts is its own network, name server, proxy and certificate authorities."
    );
  return undefined;
}

function askedAs(registry: string, users: RegistryUsers): string {
  if (!Object.hasOwn(users, registry)) return ", asked without a login";
  const user = users[registry];
  return user === undefined ? `, asked by \`docker login ${registry}\` on this machine` : `, asked as ${user}`;
}

function remedy(registry: string, users: RegistryUsers): string {
  if (!Object.hasOwn(users, registry))
    return `If the image is public, check its name. Otherwise log in: ${howToLogIn(registry)}.`;
  const user = users[registry];
  if (user === undefined) return `Run \`docker login ${registry}\` again, as a user who may pull this image.`;
  return (
    `Check that the password of rampart:registries["${registry}"] is right and has not expired, ` +
    `and that ${user} may pull this image.`
  );
}

const howToLogIn = (registry: string): string =>
  `\`rampart:registries: { ${registry}: { username: <user>, password: { config: ` +
  "<key> } } }` and `pulumi config set --secret rampart:<key>` (docs/registries.md)";

/** What the engine said, without what the provider put in front of it. */
function engineWords(text: string, reference: string): string {
  const words = /Error response from daemon: ([^\n]*)/.exec(text)?.[1] ?? text.trim().split("\n").at(-1) ?? "";
  const digest = reference.split("@")[1] ?? "";
  return words
    .replaceAll(digest, `${digest.slice(0, "sha256:".length + 12)}…`)
    .replace(/: provider=\S+$/, "")
    .replace(/[.\s]*$/, ".");
}

/** Docker Hub's name among the logins of the Docker CLI. */
const HUB_LOGIN = "https://index.docker.io/v1/";

/**
 * The registries that want the login of whoever deploys where there is none, a sentence each.
 * @param directory of the Docker CLI's configuration. @default DOCKER_CONFIG, then ~/.docker
 */
export function missingLogins(
  users: RegistryUsers,
  directory: string = process.env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"),
): string[] {
  const wanted = Object.keys(users).filter((registry) => users[registry] === undefined);
  if (wanted.length === 0) return [];
  const file = join(directory, "config.json");
  const logins = loginsIn(existsSync(file) ? readFileSync(file, "utf8") : "{}");
  return wanted
    .filter((registry) => !logins(registry === "docker.io" ? HUB_LOGIN : registry))
    .map(
      (registry) =>
        `rampart:registries["${registry}"] is { login: docker }, and ${file} has no login for it: ` +
        `run \`docker login ${registry}\` first.`,
    );
}

/** A credential store may hold any login, so nothing is known to be missing there. */
function loginsIn(text: string): (registry: string) => boolean {
  const config = JSON.parse(text) as Readonly<Record<string, object | undefined>>;
  const keys = (name: string): string[] => Object.keys(config[name] ?? {});
  const known = [...keys("auths"), ...keys("credHelpers")].map((key) =>
    key.replace(/^https?:\/\/(?!index\.docker\.io)/, "").replace(/\/$/, ""),
  );
  return (registry) => config["credsStore"] !== undefined || known.includes(registry.replace(/\/$/, ""));
}
