/** What the last stage of a Dockerfile says of the container: the user, the ports, the command. */
import { splitWords } from "./words";

/** What is known of an image, from its Dockerfile or from the engine. */
export interface ImageFacts {
  readonly user?: string;
  readonly ports?: readonly number[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** Whether nothing but configuration files was added to another image. */
  readonly onlyConfiguration?: boolean;
}

/** @param target The stage that is built. @default the last one */
export function dockerfileFacts(source: string, target?: string): ImageFacts {
  const lines = source
    .replace(/\\\r?\n(?:\s*#[^\n]*\n)*/g, " ")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const stages: string[][] = [];
  for (const line of lines) {
    if (/^FROM\s/i.test(line)) stages.push([line]);
    else if (line !== "" && !line.startsWith("#")) stages.at(-1)?.push(line);
  }
  const named = stages.find(
    ([from]) => target !== undefined && new RegExp(`\\sAS\\s+${target.replace(/\W/g, "\\$&")}$`, "i").test(from ?? ""),
  );
  const stage = named ?? stages.at(-1) ?? [];
  const argument = (name: string): string | undefined =>
    stage
      .filter((line) => line.toUpperCase().startsWith(`${name} `))
      .at(-1)
      ?.slice(name.length)
      .trim();
  const user = argument("USER");
  const ports = stage.flatMap((line) =>
    /^EXPOSE\s/i.test(line) ? [...line.matchAll(/\b(\d{1,5})\b(?!\/udp)/g)].map(([, port]) => Number(port)) : [],
  );
  const copies = stage.filter((line) => /^(?:COPY|ADD)\s/i.test(line));
  const [entrypoint, command] = [words(argument("ENTRYPOINT")), words(argument("CMD"))];
  // Without an ENTRYPOINT the base image's may apply; those of languages have one that runs the command as it is.
  return {
    ...(user === undefined || user.includes("$") ? {} : { user }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(entrypoint === undefined ? (command === undefined ? {} : { entrypoint: [] }) : { entrypoint }),
    ...(command === undefined ? {} : { command }),
    onlyConfiguration:
      stages.length === 1 &&
      copies.length > 0 &&
      copies.every((line) => /\.(?:conf|template|tmpl)\b|nginx|conf\.d/.test(line)),
  };
}

function words(value: string | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (!value.startsWith("[")) return ["/bin/sh", "-c", value];
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed.map(String) : undefined;
  } catch {
    return splitWords(value.replace(/^\[|\]$/g, "").replaceAll(",", " "));
  }
}
