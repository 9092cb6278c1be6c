import type { Fault } from "./faults";
import type { StackConfig } from "./schema";

/** Names that Rampart's own containers and networks answer to. */
const RESERVED_NAMES = ["edge", "postgres", "redis", "migration", "socket-proxy", "docker-api", "forwarder", "carrier", "backup", "localhost", "rampart"];

/** What one value alone cannot tell: rules over the whole configuration, after its shape is known to be right. */
export function crossChecks(config: StackConfig): Fault[] {
  return [...nameFaults(config), ...routeFaults(config), ...secretFaults(config), ...certificateFaults(config), ...volumeFaults(config)];
}

function nameFaults(config: StackConfig): Fault[] {
  return Object.keys(config.services)
    .filter((name) => RESERVED_NAMES.includes(name) || name.startsWith("docker-api-") || name.startsWith("socket-proxy-"))
    .map((name) => ({
      path: `rampart:services.${name}`,
      given: `the name "${name}"`,
      allowed: `a name other than ${RESERVED_NAMES.join(", ")}`,
      fix: "rename the service",
    }));
}

function routeFaults(config: StackConfig): Fault[] {
  const seen = new Map<string, string>();
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    service.routes.forEach((route, index) => {
      const path = `rampart:services.${name}.routes[${index}]`;
      const key = `${route.host}${route.pathPrefix}${route.streaming ? " (streaming)" : ""}`;
      const first = seen.get(key);
      if (first !== undefined) {
        faults.push({ path, given: key, allowed: "one route for a host and path", fix: `remove it, or the same route at ${first}` });
      }
      seen.set(key, path);
    });
  }
  return faults;
}

function secretFaults(config: StackConfig): Fault[] {
  const faults: Fault[] = [];
  const lengths = new Map<string, { readonly length: number; readonly path: string }>();
  const workloads: [string, Pick<StackConfig["services"][string], "secrets" | "secretsInEnvironment" | "environment">][] = [
    ...Object.entries(config.services).map(([name, service]): [string, typeof service] => [`rampart:services.${name}`, service]),
  ];
  if (config.migration !== undefined) workloads.push(["rampart:migration", config.migration]);
  for (const [path, workload] of workloads) {
    for (const [name, spec] of Object.entries(workload.secrets)) {
      if (name in workload.environment || `${name}_FILE` in workload.environment) {
        faults.push({ path: `${path}.environment.${name}`, given: "a variable that a secret sets too", allowed: "one source for each variable", fix: "remove one of the two" });
      }
      const length = generatedLength(spec);
      if (length === undefined) continue;
      const first = lengths.get(name);
      if (first !== undefined && first.length !== length) {
        faults.push({
          path: `${path}.secrets.${name}`,
          given: `${length} characters`,
          allowed: "one length for a generated secret, which all services that name it share",
          fix: `use the ${first.length} characters of ${first.path}, or another name`,
        });
      }
      lengths.set(name, { length, path: `${path}.secrets.${name}` });
    }
    const known = [...Object.keys(workload.secrets), "DATABASE_URL", "REDIS_URL"];
    for (const name of workload.secretsInEnvironment?.names ?? []) {
      if (!known.includes(name)) {
        faults.push({ path: `${path}.secretsInEnvironment.names`, given: JSON.stringify(name), allowed: known.join(", "), fix: `add ${name} under secrets, or remove it here` });
      }
    }
  }
  return faults;
}

/** The default length of a generated secret, in alphanumeric characters (285 bits). */
export const GENERATED_SECRET_LENGTH = 48;

/** The length of a generated secret; undefined for one that comes from the configuration. */
export function generatedLength(spec: StackConfig["services"][string]["secrets"][string]): number | undefined {
  if (spec === "generated") return GENERATED_SECRET_LENGTH;
  return "generated" in spec ? spec.generated : undefined;
}

function certificateFaults(config: StackConfig): Fault[] {
  const faults: Fault[] = [];
  const { certificates, edge } = config;
  const letsEncrypt = certificates === "letsencrypt" || certificates === "letsencrypt-staging";
  if (letsEncrypt && config.acmeEmail === undefined) {
    faults.push({
      path: "rampart:acmeEmail",
      given: "nothing",
      allowed: `an address to which the CA can write, where certificates is ${certificates}`,
      fix: "`pulumi config set rampart:acmeEmail ops@example.com`",
    });
  }
  const http01 = letsEncrypt || (typeof certificates === "object" && certificates.challenge === "http-01");
  if (http01 && edge.httpPort === false) {
    faults.push({
      path: "rampart:edge.httpPort",
      given: "false",
      allowed: "a port, where certificates are proven by http-01",
      fix: "remove it, or use certificates: { directory, challenge: tls-alpn-01 }",
    });
  }
  return faults;
}

function volumeFaults(config: StackConfig): Fault[] {
  const faults: Fault[] = [];
  for (const [name, service] of Object.entries(config.services)) {
    const targets = [...service.volumes.map((volume) => volume.path), ...service.tmpfs.map((mount) => mount.path)];
    for (const target of new Set(targets.filter((one, index) => targets.indexOf(one) !== index))) {
      faults.push({ path: `rampart:services.${name}.volumes`, given: `${target} twice`, allowed: "one mount for a path", fix: "remove one" });
    }
  }
  return faults;
}

