/** What `npm test` holds the stacks to: see CONTRIBUTING.md. */
import { join } from "node:path";

export const GOLDEN = [
  { name: "dev", stack: "dev", file: "Pulumi.dev.yaml" },
  { name: "prod", stack: "prod", file: "Pulumi.prod.yaml" },
  { name: "dragdropdeploy", stack: "prod", file: "examples/dragdropdeploy.yaml" },
  { name: "amo-portal", stack: "prod", file: "examples/amo-portal.yaml" },
  { name: "kitiumai-docker", stack: "prod", file: "examples/kitiumai-docker.yaml" },
  { name: "tenants", stack: "staging", file: "test/golden/tenants.yaml" },
] as const;

export const goldenFile = (name: string, what: "plan" | "files"): string => join(__dirname, `${name}.${what}.json`);

/** As it stands in the file. */
export const goldenText = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;
