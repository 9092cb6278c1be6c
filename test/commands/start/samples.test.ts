import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { loadConfig, type LoadedConfig } from "../../../config/load";
import { readStackFile } from "../../../plan/stack-file";

const root = resolve(__dirname, "../../..");

function load(stack: string): LoadedConfig {
  const { values, secretKeys } = readStackFile(root, stack);
  const bare = (key: string): string => key.replace(/^rampart:/, "");
  return loadConfig({
    stack,
    secretKeys: secretKeys.map(bare),
    values: Object.fromEntries(Object.entries(values).map(([key, value]) => [bare(key), value])),
  });
}

it("Pulumi.dev.yaml is valid, a dozen lines, and shows the whole topology on loopback", () => {
  const { environment, edge, certificates, services } = load("dev");
  expect([environment, edge.listenAddress, certificates, Object.keys(services)]).toEqual([
    "dev",
    "127.0.0.1",
    "self-signed",
    ["web"],
  ]);
  expect(services["web"]).toMatchObject({
    data: "read-write",
    cache: true,
    user: "101:101",
    port: 8080,
    routes: [{ host: "app.localhost" }],
  });
  const lines = readFileSync(resolve(root, "Pulumi.dev.yaml"), "utf8").split("\n");
  expect(lines.filter((line) => line.trim() !== "" && !line.startsWith("#")).length).toBeLessThanOrEqual(12);
});

it("Pulumi.prod.yaml is valid by production's rules, and holds no secret", () => {
  const { environment, edge, certificates, acmeEmail, services, migration } = load("prod");
  expect([environment, edge.listenAddress, certificates, acmeEmail, Object.keys(services)]).toEqual([
    "prod",
    "0.0.0.0",
    "letsencrypt",
    "ops@example.com",
    ["web", "api"],
  ]);
  expect([migration?.command, services["api"]?.secrets]).toEqual([
    ["node", "/app/migrate.js"],
    { JWT_SECRET: "generated" },
  ]);
});
