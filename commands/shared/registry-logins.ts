/** Logins for a command that asks registries itself: the stack's, and the Docker CLI's. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { NAMESPACE } from "../../config/raw";
import type { RegistryLogin } from "../../engine/registry-client";
import { tree } from "../../hardening/tree";
import { readStackFile } from "../../plan/stack-file";
import type { Context } from "./command";
import { parseJson, text } from "./json";
import { findPulumi } from "./pulumi-program";
import { openPulumiStack, type StackChoice } from "./pulumi-stack";
import { feed } from "./run";

/** Docker Hub's name among the logins of the Docker CLI. */
const HUB_LOGIN = "https://index.docker.io/v1/";

/** Within which a credential helper answers. */
const HELPER_SECONDS = 30;

/** What `docker login` and its credential helpers know of a registry; undefined where that is nothing. */
export async function dockerLogin(registry: string, env: NodeJS.ProcessEnv): Promise<RegistryLogin | undefined> {
  const file = join(env["DOCKER_CONFIG"] ?? join(env["HOME"] ?? homedir(), ".docker"), "config.json");
  const config = tree(existsSync(file) ? parseJson(readFileSync(file, "utf8")) : undefined);
  const key = registry === "docker.io" ? HUB_LOGIN : registry;
  const helper = text(tree(config["credHelpers"])[registry]) ?? text(config["credsStore"]);
  return (
    (helper === undefined ? undefined : await helperLogin(helper, key, env)) ?? fileLogin(tree(config["auths"]), key)
  );
}

/**
 * The login that the stack itself has for a registry; undefined where it has none, or where Pulumi cannot open it here.
 * A password that another program keeps is only read for a deployment.
 */
export async function stackLogin(
  context: Context,
  choice: StackChoice,
  registry: string,
): Promise<RegistryLogin | undefined> {
  const file = readStackFile(context.root, choice.stack, choice.configFile && resolve(context.cwd, choice.configFile));
  const login = tree(tree(parseJson(file.values[`${NAMESPACE}:registries`] ?? "{}"))[registry]);
  const [username, key] = [text(login["username"]), text(tree(login["password"])["config"])];
  if (username === undefined || key === undefined || (await findPulumi(context.root, context.env)) === undefined)
    return undefined;
  const pulumi = await openPulumiStack(context, { ...choice, readOnly: true });
  const { code, stdout } = await pulumi.ask(["config", "get", `${NAMESPACE}:${key}`]);
  const password = stdout.replace(/\r?\n$/, "");
  return code === 0 && password !== "" ? { username, password } : undefined;
}

function fileLogin(auths: Readonly<Record<string, unknown>>, key: string): RegistryLogin | undefined {
  const found = Object.entries(auths).find(([name]) => [name, name.replace(/^https?:\/\//, "")].includes(key));
  const [username = "", ...password] = Buffer.from(text(tree(found?.[1])["auth"]) ?? "", "base64")
    .toString()
    .split(":");
  return username === "" || password.length === 0 ? undefined : { username, password: password.join(":") };
}

/** Source: docker/docker-credential-helpers, client/command.go */
async function helperLogin(helper: string, key: string, env: NodeJS.ProcessEnv): Promise<RegistryLogin | undefined> {
  if (!/^[\w-]+$/.test(helper)) return undefined;
  const { code, stdout } = await feed({
    command: `docker-credential-${helper}`,
    args: ["get"],
    input: key,
    env,
    timeoutSeconds: HELPER_SECONDS,
  });
  const answer = tree(code === 0 ? parseJson(stdout) : undefined);
  const [username, password] = [text(answer["Username"]), text(answer["Secret"])];
  // `<token>`: an identity token, which only the Docker CLI trades in.
  return username === undefined || password === undefined || username === "<token>"
    ? undefined
    : { username, password };
}
