import { lastLines } from "../../engine/text";
import { MISSING_DOCKER } from "../shared/engine-host";
import { field, parseJson, text } from "../shared/json";
import { missingPulumi, PULUMI_INSTALL } from "../shared/pulumi-cli";
import type { Finished } from "../shared/run";
import { compareVersions, versionIn } from "../shared/versions";

/** What one look at the machine found: a line for the list, or a sentence that names the fault and the way out. */
export type Finding = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly sentence: string };

const found = (text: string): Finding => ({ ok: true, text });
const lacking = (sentence: string): Finding => ({ ok: false, sentence });

/** The oldest Node.js that Rampart is tested with; the same as `engines` in package.json. */
const NODE_MAJOR = 20;
/**
 * The API of Docker 20.10, which is the first to have what the containers ask for,
 * such as cgroup namespaces of their own.
 */
export const MINIMUM_API = "1.41";
const AGAIN = "then run `npm start` again";

export function judgeNode(version: string): Finding {
  if (Number(version.replace(/^v/, "").split(".")[0]) >= NODE_MAJOR)
    return found(`Node.js ${version.replace(/^v/, "")}`);
  return lacking(
    `Node.js ${version} is too old: install version ${NODE_MAJOR} or later from ` +
      `https://nodejs.org/en/download, ${AGAIN}.`,
  );
}

export function judgeDockerCli(path: string | undefined): Finding {
  if (path !== undefined) return found(`Docker CLI ${path}`);
  return lacking(`${MISSING_DOCKER}, ${AGAIN}.`);
}

/** What `docker version --format '{{json .}}'` says of the engine, or why it says nothing. */
export function judgeEngine(result: Finished, host: string): Finding {
  const server = field(parseJson(result.stdout), "Server");
  const version = text(field(server, "Version"));
  const api = text(field(server, "ApiVersion"));
  if (version === undefined || api === undefined) return lacking(noEngine(result, host));
  if (text(field(server, "Os")) === "windows") {
    return lacking(
      `The engine at ${host} runs Windows containers, and Rampart's images are Linux's: ` +
        `choose "Switch to Linux containers" in Docker Desktop, ${AGAIN}.`,
    );
  }
  if (compareVersions(api, MINIMUM_API) < 0) {
    return lacking(
      `The engine at ${host} is too old (Docker ${version}, API ${api}): ` +
        `update it to Docker 20.10 (API ${MINIMUM_API}) or later, ${AGAIN}.`,
    );
  }
  return found(`Docker engine ${version} (API ${api}) at ${host}`);
}

function noEngine(result: Finished, host: string): string {
  const said = result.stderr.trim();
  if (/permission denied/i.test(said) && !host.startsWith("ssh:")) {
    return (
      `You may not use the Docker engine at ${host}: join the group that owns the socket (\`sudo usermod -aG ` +
      `docker $USER\`) and log in again, or point DOCKER_HOST at an engine of your own, ${AGAIN}.`
    );
  }
  if (/is too old|is too new/i.test(said)) {
    return (
      `The Docker CLI and the engine at ${host} have no API version in common (${lastLines(said, 1)}): ` +
      `update the older of the two, ${AGAIN}.`
    );
  }
  if (result.code === 124)
    return (
      `The Docker engine at ${host} did not answer in time: ` +
      `see that it runs and that DOCKER_HOST is right, ${AGAIN}.`
    );
  if (
    /cannot connect|connection refused|no such file|is the docker daemon running/i.test(said) &&
    !host.startsWith("ssh:")
  ) {
    return (
      `No Docker engine answers at ${host}: start it (\`sudo systemctl start docker\`, or Docker Desktop), ` +
      `or point DOCKER_HOST at one that runs, ${AGAIN}.`
    );
  }
  return (
    `The Docker engine at ${host} cannot be used (${lastLines(said, 1) || "it gave no reason"}): ` +
    `see that \`docker version\` shows a server, ${AGAIN}.`
  );
}

/**
 * @param floor the oldest CLI that will do: the version of the SDK,
 * as the engine's part of resource hooks is in the CLI
 */
export function judgePulumiCli(result: Finished | undefined, floor: string): Finding {
  const way = PULUMI_INSTALL;
  if (result === undefined) return lacking(`${missingPulumi(floor)}, ${AGAIN}.`);
  const version = versionIn(result.stdout);
  if (version === undefined)
    return lacking(
      `The Pulumi CLI does not tell its version (${lastLines(result.stderr, 1) || "it said nothing"}): ` +
        `install it again (${way}), ${AGAIN}.`,
    );
  if (compareVersions(version, floor) < 0)
    return lacking(`The Pulumi CLI ${version} is too old: update it to ${floor} or later (${way}), ${AGAIN}.`);
  return found(`Pulumi CLI ${version}`);
}

/** The language host comes with the CLI; a package that split them, or a copied binary, leaves it out. */
export function judgeLanguageHost(path: string | undefined): Finding {
  if (path !== undefined) return found("Pulumi's language host for Node.js");
  return lacking(
    "Pulumi's language host (`pulumi-language-nodejs`) is missing beside the CLI: " +
      `install the whole of Pulumi (https://www.pulumi.com/docs/install/), ${AGAIN}.`,
  );
}

export interface Plugin {
  readonly name: string;
  readonly version: string;
}

/**
 * A plugin that is not there is no fault: Pulumi downloads it, so the user only needs to know why that takes a while.
 */
export function judgePlugins(wanted: readonly Plugin[], listed: Finished): Finding {
  const list = parseJson(listed.stdout);
  const installed = new Set(
    (Array.isArray(list) ? list : []).map(
      (plugin: unknown) => `${text(field(plugin, "name"))} ${text(field(plugin, "version"))}`,
    ),
  );
  const names = wanted.map(({ name, version }) => `${name} ${version}`);
  const missing = names.filter((name) => !installed.has(name));
  if (missing.length === 0) return found(`Pulumi plugins ${names.join(", ")}`);
  return found(`Pulumi plugins ${names.join(", ")}; Pulumi now downloads ${missing.join(", ")}`);
}
