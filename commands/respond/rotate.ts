/** Turns every password over, and ends every elevation, by one update. */
import { readFileSync, writeFileSync } from "node:fs";
import { field, parseJson, text } from "../shared/json";
import { UserError } from "../shared/errors";
import type { PulumiStack } from "../shared/pulumi-stack";
import { prepareWorkspace } from "../shared/workspace";
import { tree } from "../../hardening/tree";
import { configurationOf, withConfiguration } from "../shared/rollback/stack-text";

/** The stack's file with another rotation key and without elevations. */
export function rotated(source: string, project: string, key: string): string {
  const configuration = configurationOf(source, project);
  const database = Object.entries(tree(configuration[`${project}:database`])).filter(([name]) => name !== "elevations");
  return withConfiguration(
    source,
    {
      ...configuration,
      [`${project}:rotation`]: { ...tree(configuration[`${project}:rotation`]), everything: key },
      [`${project}:database`]: database.length === 0 ? undefined : Object.fromEntries(database),
    },
    project,
  );
}

/** What no rotation key turns over, by its URNs. */
export interface Generated {
  /** Secrets of services: an application may have encrypted data with one. */
  readonly secrets: readonly string[];
  /** Passwords of people on routes with `access.basicAuth`: nothing hangs on one. */
  readonly people: readonly string[];
}

/** @throws UserError where the state cannot be read */
export async function generatedPasswords({ ask, stack }: PulumiStack): Promise<Generated> {
  const { code, stdout, stderr } = await ask(["stack", "export"]);
  if (code !== 0) throw new UserError(`The state of stack ${stack} could not be read: ${stderr.trim()}`);
  const resources = field(field(parseJson(stdout), "deployment"), "resources");
  const urns = (Array.isArray(resources) ? resources : []).flatMap((resource: unknown) =>
    field(resource, "type") === "random:index/randomPassword:RandomPassword"
      ? (text(field(resource, "urn")) ?? [])
      : [],
  );
  return {
    secrets: urns.filter((urn) => /-secrets-secret-[a-z0-9-]+$/.test(urn)),
    people: urns.filter((urn) => /-secrets-access-[^:]+$/.test(urn)),
  };
}

/** `jwt-secret` of a URN. */
export const secretName = (urn: string): string => urn.replace(/^.*-secrets-secret-/, "");

/**
 * Writes the key into the stack's file, and deploys. Twice is once: the key stays the incident's.
 * @param replace URNs of resources that are made anew
 * @throws UserError where the update fails
 */
export async function rotate(pulumi: PulumiStack, key: string, replace: readonly string[]): Promise<void> {
  const { sourceFile, sourceName, file, workspace } = pulumi;
  writeFileSync(sourceFile, rotated(readFileSync(sourceFile, "utf8"), file.project, key));
  if (workspace !== undefined) prepareWorkspace(workspace);
  const replaced = replace.flatMap((urn) => ["--replace", urn]);
  const code = await pulumi.show(["up", "--yes", "--skip-preview", "--message", `rampart respond ${key}`, ...replaced]);
  if (code !== 0)
    throw new UserError(`The update ended with ${code}; its messages are above.`, {
      hint: `${sourceName} has the new rotation key. Mend what the messages name, and go on with --resume.`,
    });
}
