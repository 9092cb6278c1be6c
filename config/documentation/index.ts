/**
 * What is written from the schema of the configuration and from the rules: the JSON schema for editors, the tables of
 * the docs, the page of the rules, the tables of the host's controls.
 */
import { parse } from "yaml";
import { withHostControls } from "./host-controls";
import { keysSchema, stackFileSchema } from "./json-schema";
import { rulesPage } from "./rules";
import { withTables } from "./tables";

/** Files that hold what this folder writes, as paths from the root, with the function that gives their text. */
export interface Written {
  readonly path: string;
  /** @param read gives a file's text by its path from the root */
  readonly text: (read: (path: string) => string) => string;
}

export const WRITTEN: readonly Written[] = [
  {
    path: "schema/rampart.schema.json",
    text: (read) => `${JSON.stringify(stackFileSchema(descriptions(read("Pulumi.yaml"))), undefined, 2)}\n`,
  },
  { path: "docs/configuration.md", text: (read) => withTables(read("docs/configuration.md"), keysSchema()) },
  { path: "docs/rules.md", text: rulesPage },
  { path: "docs/doctor.md", text: (read) => withHostControls(read("docs/doctor.md")) },
];

/** The descriptions that Pulumi.yaml has of the configuration's keys, by their names without `rampart:`. */
function descriptions(project: string): Readonly<Record<string, string>> {
  const { config } = parse(project) as { readonly config: Readonly<Record<string, { readonly description: string }>> };
  return Object.fromEntries(
    Object.entries(config).map(([key, { description }]) => [key.slice(key.indexOf(":") + 1), `${description}.`]),
  );
}
