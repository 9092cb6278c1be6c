/** Names of networks, volumes and images, as regular expressions, and the limits that a stack may put on them. */
import { quote } from "./json-grammar";

export interface NameLimits {
  /** What the names of volumes that the consumer mounts, creates or deletes must begin with. @default any name */
  readonly volumePrefix?: string;
  /** What the names of networks that the consumer joins, creates or deletes must begin with. @default any name */
  readonly networkPrefix?: string;
  /** Repositories that may be pulled, each with `*` for any end. @default any */
  readonly images?: readonly string[];
  /** Whether containers have limits that no update may lift. @default false */
  readonly bounded?: boolean;
  /** Whether containers may be on the engine's own bridge, which has a way out. @default true */
  readonly bridge?: boolean;
}

/**
 * What the names of volumes and networks begin with that a consumer creates, mounts and joins:
 * `<stack's name>.<consumer>.`. Names of Rampart's own, and those of services and of other stacks, are made of letters,
 * digits and hyphens, so none of them begins so, whatever the consumer is called; and no consumer's prefix is the
 * beginning of another's.
 * @param stackName The stack's `rampart:name`, without a dot.
 * @param consumer The service's name, without a dot.
 */
export function consumerPrefix(stackName: string, consumer: string): string {
  const dotted = [stackName, consumer].find((name) => name.includes("."));
  if (dotted !== undefined)
    throw new Error(
      `docker API proxy: the name ${JSON.stringify(dotted)} has a dot; allowed: letters, digits and hyphens, as a ` +
        "dot ends a prefix",
    );
  return `${stackName}.${consumer}.`;
}

/** What the label `io.rampart.consumer` says of what a consumer created: no other consumer's of the engine says it. */
export const consumerOwner = (stackName: string, consumer: string): string =>
  consumerPrefix(stackName, consumer).replace(/\.$/, "");

/** A prefix that is safe in an expression and can never be the beginning of an id, which is hexadecimal. */
export const NAME_PREFIX = /^[a-z][a-z0-9_.-]*[g-z_.-][a-z0-9_.-]*$/;

/**
 * A network's name. Never `host`, and never only hexadecimal digits: the engine takes the first digits of a network's
 * id for its name, and the id of the network `host` puts a container into the host's namespace (seen, Docker 20.10).
 */
export function networkName(limits: NameLimits): string {
  if (limits.networkPrefix !== undefined) return `${quote(limits.networkPrefix)}[A-Za-z0-9_.-]*+`;
  return '(?![Hh][Oo][Ss][Tt]"|[0-9A-Fa-f]*")[A-Za-z0-9][A-Za-z0-9_.-]*+';
}

/** A repository as a client names it, and `*` for any end of it. */
export const IMAGE_PATTERN = /^[a-z0-9][a-z0-9._:-]*(?:\/[a-z0-9][a-z0-9._-]*)*(?:\/?\*)?$/;

/** The expression for the value of `fromImage` in a query, in which a client may encode three of its characters. */
export function imageValue({ images }: NameLimits): string {
  if (images === undefined) return "[^&;#]*+";
  const patterns = images.map((pattern) =>
    [...pattern]
      .map((character) => {
        if (character === "*") return "(?:[A-Za-z0-9_/-]|%2[Ff]|\\.(?!\\.))*";
        if (character === "/") return "(?:/|%2[Ff])";
        if (character === ":") return "(?::|%3[Aa])";
        return quote(character);
      })
      .join(""),
  );
  const version = "(?:(?::|%3[Aa])[A-Za-z0-9_.-]*)?(?:(?:@|%40)sha256(?::|%3[Aa])[a-f0-9]*)?";
  // No pattern at all: a value that no client sends.
  return `(?:${patterns.length === 0 ? "(?!)" : patterns.join("|")})${version}(?=&|$)`;
}

/** A volume's name: no slash, so never a path of the host. */
export function volumeName(limits: NameLimits): string {
  return `${quote(limits.volumePrefix ?? "")}[A-Za-z0-9]${"[A-Za-z0-9_.-]*+"}`;
}

/** The expression for one `{…}` of a permission's path. */
export function pathParameter(permission: string, limits: NameLimits): string {
  const id = "[A-Za-z0-9][A-Za-z0-9_.-]*+";
  if (permission.includes("/images/{name}")) return "[A-Za-z0-9][A-Za-z0-9_.:@-]*(?:/[A-Za-z0-9][A-Za-z0-9_.:@-]*)*";
  const changes = permission.startsWith("POST ") || permission.startsWith("DELETE ");
  if (changes && permission.includes("/volumes/{name}")) return volumeName(limits);
  if (changes && permission.includes("/networks/{id}") && limits.networkPrefix !== undefined)
    return networkName(limits);
  return id;
}
