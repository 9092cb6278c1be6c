/** One service of a compose file, in the one form that the rest works with. */
import { readDotenv } from "./dotenv";
import { isMarked, type Hidden } from "./hidden";
import { interpolate, type LookUp } from "./interpolate";
import { readPorts, type ComposePort } from "./ports";
import { isTree, tree, type Tree } from "../../hardening/tree";
import { isTrue, list, pairs, text, texts } from "./tree";
import { readTmpfs, readVolumes, type ComposeMount, type ComposeTmpfs } from "./volumes";
import { mebibytes, seconds, splitWords } from "./words";

export interface ComposeHealth {
  /** Compose's words: `["CMD", …]`, `["CMD-SHELL", line]`. */
  readonly test: readonly string[] | undefined;
  readonly disabled: boolean;
  readonly intervalSeconds: number | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly startPeriodSeconds: number | undefined;
  readonly retries: number | undefined;
}

/** A secret or a config that a service is given as a file. */
export interface ComposeGrant {
  readonly source: string;
  readonly target: string | undefined;
}

export interface ComposeService {
  readonly name: string;
  readonly image: string | undefined;
  /** The directory of the image's source, or an empty text. */
  readonly build:
    | { readonly context: string; readonly dockerfile: string; readonly target: string | undefined }
    | undefined;
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  /** Secrets are marks. */
  readonly environment: ReadonlyMap<string, string>;
  /** Names that the shell gives a value to, which has none here. */
  readonly passedOn: readonly string[];
  readonly ports: readonly ComposePort[];
  readonly exposed: readonly number[];
  readonly mounts: readonly ComposeMount[];
  readonly tmpfs: readonly ComposeTmpfs[];
  readonly health: ComposeHealth | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly dependsOn: ReadonlyMap<string, string>;
  readonly secrets: readonly ComposeGrant[];
  readonly configs: readonly ComposeGrant[];
  readonly user: string | undefined;
  readonly workingDirectory: string | undefined;
  readonly capAdd: readonly string[];
  readonly privileged: boolean;
  readonly networkMode: string | undefined;
  /** All names by which other services reach this one. */
  readonly aliases: readonly string[];
  readonly memoryMiB: number | undefined;
  readonly cpus: number | undefined;
  readonly pids: number | undefined;
  readonly replicas: number | undefined;
  readonly profiles: readonly string[];
  readonly restart: string | undefined;
  readonly stopGraceSeconds: number | undefined;
  /** Names of variables that env files hold and that were read, and files that could not be. */
  readonly envFiles: readonly { readonly path: string; readonly found: boolean; readonly required: boolean }[];
  /** All keys that the file gives the service. */
  readonly keys: ReadonlySet<string>;
}

export interface ReadServiceArgs {
  readonly name: string;
  readonly service: Tree;
  readonly lookUp: LookUp;
  readonly hidden: Hidden;
  readonly read: (path: string) => string | undefined;
}

export function readService({ name, service, lookUp, hidden, read }: ReadServiceArgs): ComposeService {
  const { environment, passedOn, envFiles } = readEnvironment({ name, service, lookUp, hidden, read });
  const deploy = tree(service["deploy"]);
  const limits = tree(tree(deploy["resources"])["limits"]);
  const build = service["build"];
  return {
    name,
    image: text(service["image"]),
    build:
      build === undefined || build === null
        ? undefined
        : {
            context: isTree(build) ? (text(build["context"]) ?? "") : (text(build) ?? ""),
            dockerfile: text(tree(build)["dockerfile"]) ?? "Dockerfile",
            target: text(tree(build)["target"]),
          },
    entrypoint: commandOf(service["entrypoint"]),
    command: commandOf(service["command"]),
    environment,
    passedOn,
    envFiles,
    ...readPorts(service),
    mounts: readVolumes(service["volumes"]),
    tmpfs: readTmpfs(service),
    health: readHealth(service["healthcheck"]),
    labels: readLabels(service, deploy),
    dependsOn: new Map(
      isTree(service["depends_on"])
        ? Object.entries(service["depends_on"]).map(([other, how]) => [
            other,
            text(tree(how)["condition"]) ?? "service_started",
          ])
        : [...texts(service["depends_on"]), ...texts(service["links"]).map((link) => link.split(":")[0] ?? "")].map(
            (other) => [other, "service_started"],
          ),
    ),
    secrets: readGrants(service["secrets"]),
    configs: readGrants(service["configs"]),
    user: text(service["user"]),
    workingDirectory: text(service["working_dir"]),
    capAdd: texts(service["cap_add"]),
    privileged: isTrue(service["privileged"]),
    networkMode: text(service["network_mode"]),
    aliases: aliasesOf(name, service),
    memoryMiB: mebibytes(limits["memory"]) ?? mebibytes(service["mem_limit"]),
    cpus: figure(limits["cpus"]) ?? figure(service["cpus"]),
    pids: figure(limits["pids"]) ?? figure(service["pids_limit"]),
    replicas: figure(deploy["replicas"]) ?? figure(service["scale"]),
    profiles: texts(service["profiles"]),
    restart: text(service["restart"]) ?? text(tree(deploy["restart_policy"])["condition"]),
    stopGraceSeconds: seconds(service["stop_grace_period"]),
    keys: new Set(
      Object.entries(service)
        .filter(([, value]) => !isEmpty(value))
        .map(([key]) => key),
    ),
  };
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === false || (Array.isArray(value) && value.length === 0);

const figure = (value: unknown): number | undefined => {
  const number = Number(text(value) ?? Number.NaN);
  return Number.isFinite(number) && number > 0 ? number : undefined;
};

const commandOf = (value: unknown): readonly string[] | undefined =>
  value === undefined || value === null
    ? undefined
    : Array.isArray(value)
      ? texts(value)
      : splitWords(text(value) ?? "");

/** `env_file` first, then `environment`, which wins. Values that look like secrets become marks here. */
function readEnvironment({
  service,
  lookUp,
  hidden,
  read,
}: ReadServiceArgs): Pick<ComposeService, "environment" | "passedOn" | "envFiles"> {
  const environment = new Map<string, string>();
  const passedOn: string[] = [];
  const envFiles = list(service["env_file"]).map((one) => {
    const path = (isTree(one) ? text(one["path"]) : text(one)) ?? "";
    const content = isMarked(path) ? undefined : read(path);
    const own = new Map<string, string>();
    for (const { name, value, literal } of content === undefined ? [] : readDotenv(content)) {
      const whole = literal ? value : interpolate(value, (variable) => own.get(variable) ?? lookUp(variable), hidden);
      own.set(name, value);
      environment.set(name, hidden.hide(name, whole, "literal"));
    }
    return { path, found: content !== undefined, required: !isTree(one) || one["required"] !== false };
  });
  for (const [name, given] of pairs(service["environment"])) {
    const value = given ?? lookUp(name);
    if (value === undefined) {
      if (!environment.has(name)) passedOn.push(name);
    } else environment.set(name, hidden.hide(name, value, given === undefined ? "variable" : "literal"));
  }
  return { environment, passedOn, envFiles };
}

/** Labels of the service, and of its deployment, where Swarm's Traefik reads them. */
function readLabels(service: Tree, deploy: Tree): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [name, value] of [...pairs(service["labels"]), ...pairs(deploy["labels"])]) labels.set(name, value ?? "");
  return labels;
}

function readHealth(value: unknown): ComposeHealth | undefined {
  if (!isTree(value)) return undefined;
  const given = value["test"];
  const test =
    given === undefined || given === null
      ? undefined
      : Array.isArray(given)
        ? texts(given)
        : ["CMD-SHELL", text(given) ?? ""];
  return {
    test,
    disabled: isTrue(value["disable"]) || test?.[0] === "NONE",
    intervalSeconds: seconds(value["interval"]),
    timeoutSeconds: seconds(value["timeout"]),
    startPeriodSeconds: seconds(value["start_period"]),
    retries: figure(value["retries"]),
  };
}

const readGrants = (value: unknown): ComposeGrant[] =>
  list(value).flatMap((one) => {
    const source = isTree(one) ? text(one["source"]) : text(one);
    return source === undefined ? [] : [{ source, target: isTree(one) ? text(one["target"]) : undefined }];
  });

function aliasesOf(name: string, service: Tree): string[] {
  const networks = isTree(service["networks"]) ? Object.values(service["networks"]) : [];
  const further = networks.flatMap((network) => texts(tree(network)["aliases"]));
  const own = [text(service["container_name"]), text(service["hostname"])].flatMap((one) => one ?? []);
  return [...new Set([name, ...own, ...further])].filter((alias) => !isMarked(alias));
}
