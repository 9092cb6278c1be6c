/** Rules over services: how their programs run, what they reach, what they share. */
import { boundFault, inProduction } from "./bounds";
import type { Rule, Verdict } from "./rule";
import type { ServiceFacts } from "./settings";
import { baseline, cisDocker, nist, page } from "./sources";
import type { ContainerView, StackView } from "./view";

const services = ({ settings }: StackView): readonly ServiceFacts[] => settings?.services ?? [];

/** Variables that say in which mode a program runs. */
const MODE = /(?:^|_)ENV(?:IRONMENT)?$/i;
const DEBUG = /^(?:[A-Z0-9]+_)?DEBUG$/i;
const isOff = (value: string): boolean => /^(?:|0|false|no|off|none)$/i.test(value);

/** Variables with which programs stop looking at certificates. */
const UNVERIFIED: Readonly<Record<string, (value: string) => boolean>> = {
  GIT_SSL_NO_VERIFY: (value) => !isOff(value),
  NODE_TLS_REJECT_UNAUTHORIZED: (value) => value === "0",
  PYTHONHTTPSVERIFY: (value) => value === "0",
};

/** Why a variable lowers what a program holds up by itself; undefined where it does not. */
function variableFault(name: string, value: string, production: boolean): string | undefined {
  if (Object.hasOwn(UNVERIFIED, name) && UNVERIFIED[name]?.(value) === true)
    return `${name} turns the check of certificates off`;
  if (!production) return undefined;
  // What is in a variable of this name may be anything: only words of modes are shown.
  if (MODE.test(name) && /^(?:dev|development|local|test|testing|debug)$/i.test(value))
    return `${name} is ${value} in production`;
  return DEBUG.test(name) && !isOff(value) ? `${name} is on in production` : undefined;
}

/** Seconds after which somebody should know that a program hangs. */
const LONGEST_HANG_SECONDS = 300;

const of = (resource: string, fault: string | undefined, good: string): Verdict =>
  fault === undefined ? { status: "pass", resource, message: good } : { status: "open", resource, message: fault };

/** Services that name one prefix of Redis, by prefix. */
function sharedPrefixes(view: StackView): string[] {
  const prefixes = [...new Set(services(view).flatMap(({ keyPrefixes }) => keyPrefixes))].sort();
  return prefixes.flatMap((prefix) => {
    const users = services(view).filter(({ keyPrefixes }) => keyPrefixes.includes(prefix));
    return users.length < 2 ? [] : [`${users.map(({ name }) => name).join(" and ")} share the keys ${prefix}*`];
  });
}

/** Named volumes that several services mount, one of them to write. */
function sharedVolumes({ containers }: StackView): string[] {
  const programs = containers.filter(({ component, runs }) => runs && (component === "service" || component === "job"));
  const mounts = programs.flatMap(({ name, mounts: all }) =>
    all.filter(({ host }) => !host).map((mount) => ({ name, ...mount })),
  );
  return [...new Set(mounts.map(({ source }) => source))].sort().flatMap((source) => {
    const users = mounts.filter((mount) => mount.source === source);
    const names = [...new Set(users.map(({ name }) => name))].sort();
    const writers = [...new Set(users.filter(({ readOnly }) => !readOnly).map(({ name }) => name))].sort();
    return names.length < 2 || writers.length === 0
      ? []
      : [`${names.join(" and ")} share the volume ${source}, to which ${writers.join(" and ")} may write`];
  });
}

/** Beyond these only a large host is bounded. */
const LARGEST = { memoryMiB: 32_768, cpus: 16, pids: 4096 } as const;

function largeLimits({ memoryMiB, cpus, pids }: ContainerView): string[] {
  return [
    boundFault({ value: memoryMiB, what: "MiB of memory", ordinary: LARGEST.memoryMiB }),
    boundFault({ value: cpus, what: "cores", ordinary: LARGEST.cpus }),
    boundFault({ value: pids, what: "processes", ordinary: LARGEST.pids }),
  ].flatMap((fault) => (fault === undefined ? [] : [fault.message]));
}

const running = ({ containers }: StackView): readonly ContainerView[] => containers.filter(({ runs }) => runs);

export const SERVICE_RULES: readonly Rule[] = [
  {
    id: "rampart-program-mode",
    severity: "medium",
    title: "programs run as in production, and look at certificates",
    why: "a development mode shows errors, sources and consoles to whoever asks",
    source: nist("4.4.4"),
    alsoIn: [page("docs/configuration.md")],
    judged:
      "each service and the migration: a variable of TLS checks that is off fails; in production a mode of " +
      "development or tests, or DEBUG, fails",
    remedy:
      "Write `environment: { NODE_ENV: production }`, and remove DEBUG and what turns certificates off. Give the " +
      "program the CA instead.",
    keys: ["services.environment", "services.canary.environment"],
    check: (view) =>
      services(view).flatMap(({ resource, environment }): Verdict[] => {
        const faults = Object.entries(environment).flatMap(
          ([name, value]) => variableFault(name, value, view.environment === "prod") ?? [],
        );
        return faults.length === 0
          ? [{ status: "pass", resource, message: "runs as in production, and looks at certificates" }]
          : faults.map((fault) => ({ resource, ...inProduction("fail", fault, view) }));
      }),
  },
  {
    id: "rampart-internal-reach",
    severity: "medium",
    title: "a service with a route reaches no database or cache that it does not use",
    why: "whoever breaks into it could try passwords there, and reach the services without a route",
    source: nist("4.3.3"),
    alsoIn: [baseline("kitiumai/docker", "Restrict inter-service communication"), page("docs/threat-model.md")],
    judged: "each service: one that is on `internal` beside its routes without data or cache is open",
    remedy: "Remove `internal: true` from the service, or give the service that it calls a route of its own.",
    keys: ["services.internal"],
    check: (view) =>
      services(view)
        .filter(({ hangSeconds }) => hangSeconds !== undefined)
        .map(({ resource, internalByChoice }) =>
          of(
            resource,
            internalByChoice
              ? "is on internal without data or cache (internal: true): see that it needs the services there"
              : undefined,
            "reaches no database or cache that it does not use",
          ),
        ),
  },
  {
    id: "rampart-hang-noticed",
    severity: "low",
    title: "a program that hangs is noticed within five minutes",
    why: "until then the gateway sends requests to it, and nobody is told",
    source: cisDocker("5.27"),
    alsoIn: [baseline("kitiumai/docker", "Health checks implemented")],
    judged: "each service: interval times retries and one timeout, over 300 s, is open",
    remedy: "Check more often: `healthCheck: { intervalSeconds: 5, timeoutSeconds: 3, retries: 3 }`.",
    keys: ["intervalSeconds", "timeoutSeconds", "retries"].map((key) => `services.healthCheck.${key}`),
    check: (view) =>
      services(view).flatMap(({ resource, hangSeconds }) =>
        hangSeconds === undefined
          ? []
          : [
              of(
                resource,
                hangSeconds > LONGEST_HANG_SECONDS
                  ? `a program that hangs is noticed after ${hangSeconds} s: see that nobody waits so long`
                  : undefined,
                `a program that hangs is noticed within ${hangSeconds} s`,
              ),
            ],
      ),
  },
  {
    id: "rampart-cache-sharing",
    severity: "medium",
    title: "no two services share keys in Redis",
    why: "whoever breaks into one of them changes the sessions and jobs of the other",
    source: baseline("kitiumai/docker", "Password Protection"),
    alsoIn: [page("docs/redis.md")],
    judged: "the stack, if it uses Redis: a prefix that several services name is open",
    remedy: 'Give each service prefixes of its own: `cache: { keyPrefixes: ["api:"] }`.',
    keys: ["services.cache", "services.cache.keyPrefixes"],
    check: (view) => {
      if (!services(view).some(({ keyPrefixes }) => keyPrefixes.length > 0)) return [];
      const shared = sharedPrefixes(view);
      if (shared.length === 0) return [of(view.stack, undefined, "no two services share keys in Redis")];
      return shared.map((text) => of(view.stack, `${text}: see that both need them`, ""));
    },
  },
  {
    id: "rampart-shared-volumes",
    severity: "low",
    title: "no two services write to one volume",
    why: "whoever breaks into one of them changes the files that the other trusts",
    source: nist("4.5.5"),
    alsoIn: [baseline("Helvetia Cloud", "Use read-only mounts when possible")],
    judged: "the stack: a named volume that several services mount, one of them to write, is open",
    remedy:
      "Mount the volume to read where the service only reads: `volumes: [{ name: uploads, path: /data, readOnly: " +
      "true }]`, or give it another name.",
    keys: ["services.volumes.name"],
    check: (view) => {
      const shared = sharedVolumes(view);
      if (shared.length === 0) return [of(view.stack, undefined, "no two services share a volume")];
      return shared.map((text) => of(view.stack, `${text}: see that both need it`, ""));
    },
  },
  {
    id: "rampart-seccomp-profile",
    severity: "medium",
    title: "programs of the application run under a profile that is narrower than the engine's",
    why: "the engine's own profile lets a program trace others and open sockets of every kind",
    source: baseline("DragDropDeploy", "Restricted seccomp profile for frontend and workers; deny `ptrace`"),
    alsoIn: [nist("4.4.3"), page("docs/confinement.md")],
    judged: "each service and the migration: the engine's own profile is open. What does not enforce is `cis-5.22`'s",
    remedy: "Choose the profile of the program's kind: `confinement: { seccomp: api }` (or `frontend`, `worker`).",
    keys: ["services.confinement.seccomp", "services.confinement.seccomp.profile"],
    check: (view) =>
      running(view)
        .filter(({ component }) => component === "service" || component === "job")
        .map(({ resource, securityOpts }) =>
          of(
            resource,
            securityOpts.some((option) => option.startsWith("seccomp"))
              ? undefined
              : "runs under the engine's own seccomp profile (confinement.seccomp is default): see that it needs to",
            "runs under a profile that is narrower than the engine's",
          ),
        ),
  },
  {
    id: "rampart-resource-limits",
    severity: "low",
    title: "limits of memory, cores and processes are within what a host has",
    why: "a limit beyond the host's size lets one container take the whole host",
    source: cisDocker("5.11"),
    alsoIn: [
      baseline("kitiumai/docker", "Resource Limits"),
      baseline("Helvetia Cloud", "Resource limits are set (CPU, memory)"),
    ],
    judged: "each container that runs: more than 32768 MiB, 16 cores or 4096 processes are open",
    remedy: "Lower the limit to what the program takes: `resources: { memoryMiB: 512, cpus: 1, pids: 256 }`.",
    keys: [
      ...["memoryMiB", "cpus", "pids"].map((key) => `services.resources.${key}`),
      ...["memoryMiB", "cpus", "pids"].map((key) => `edge.gateway.${key}`),
    ],
    check: (view) =>
      running(view).flatMap((container) => {
        const faults = largeLimits(container);
        return faults.length === 0
          ? [of(container.resource, undefined, "has limits within what a host has")]
          : faults.map((fault) => of(container.resource, fault, ""));
      }),
  },
];
