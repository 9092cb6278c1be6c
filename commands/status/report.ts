/** What `rampart status` shows, and what of it is wrong. Pure. */
import { defined } from "../../hardening/defined";
import type { AcmeFailure } from "./acme";
import type { BackupFacts } from "./backups";
import type { CertificateFact } from "./certificates";
import type { ContainerFact } from "../shared/containers";
import type { RouteFact } from "./gateway";
import { jobProblem, type JobFact } from "./jobs";
import { spaceProblems, takenBy, type SpaceFacts, type Taken } from "./space";
import type { StateFacts, UpdateFact } from "./state";

/** A certificate that ends sooner should have been renewed long ago. */
const RENEWAL_DAYS = 14;
const DAY_MS = 86_400_000;

/** What was found. Absent is what could not be read; `notes` says why. */
export interface Found extends SpaceFacts {
  readonly engine: string;
  readonly now: Date;
  readonly images: Readonly<Record<string, string>>;
  readonly state?: StateFacts;
  readonly lastUpdate?: UpdateFact;
  readonly routes?: readonly RouteFact[];
  readonly edge?: readonly CertificateFact[];
  /** What the ACME server refused of late, and has not mended since. */
  readonly acme?: readonly AcmeFailure[];
  readonly backups?: BackupFacts;
  /** Those with a schedule. */
  readonly jobs?: readonly JobFact[];
  readonly disk?: readonly DiskFact[];
  readonly notes: readonly string[];
}

export interface DiskFact {
  /** `Images`, `Containers`, `Local Volumes`, `Build Cache`. */
  readonly what: string;
  readonly size: string;
  readonly reclaimable: string;
}

export interface ContainerLine extends ContainerFact {
  /** `repo:tag@sha256:…`, or the image's id where nobody knows more. */
  readonly image: string;
}

export interface RouteLine extends Omit<RouteFact, "addresses"> {
  /** Containers, or addresses that no container has. */
  readonly servers: readonly string[];
}

export interface Problem {
  readonly subject: string;
  readonly message: string;
}

export interface StatusReport {
  readonly stack: string;
  readonly engine: string;
  readonly at: string;
  readonly containers: readonly ContainerLine[];
  readonly routes: readonly RouteLine[];
  readonly certificates: readonly CertificateFact[];
  readonly backups?: BackupFacts;
  readonly jobs?: readonly JobFact[];
  readonly disk: readonly DiskFact[];
  readonly taken: Taken;
  readonly free?: number;
  readonly lastUpdate?: UpdateFact;
  readonly problems: readonly Problem[];
  readonly notes: readonly string[];
}

/** The order in which a request meets them. */
const ORDER = ["edge", "gateway", "service", "postgres", "redis"] as const;
const rank = ({ component }: { readonly component: string }): number => {
  const index = (ORDER as readonly string[]).indexOf(component);
  return index < 0 ? ORDER.length : index;
};

const isShown = ({ component, ephemeral }: ContainerFact): boolean => component !== "carrier" && !ephemeral;

export function report(found: Found): StatusReport {
  const { stack, engine, now, state, images, backups, jobs, lastUpdate, disk = [], notes } = found;
  const shown = [...found.containers].filter(isShown).sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const certificates = [...(found.edge ?? []), ...ownCertificates(state)];
  return {
    stack,
    engine,
    at: now.toISOString(),
    containers: shown.map((container) => ({
      ...container,
      image: state?.images[container.imageId] ?? images[container.imageId] ?? container.imageId,
    })),
    routes: (found.routes ?? []).map(({ addresses, ...route }) => ({
      ...route,
      servers: addresses.map((address) => nameOf(shown, address) ?? address),
    })),
    certificates,
    ...defined({ backups, jobs }),
    disk,
    taken: takenBy(found),
    ...defined({ free: found.free }),
    ...(lastUpdate === undefined ? {} : { lastUpdate }),
    problems: [
      ...shown
        .filter(({ component, name }) => component !== "job" || !(jobs ?? []).some((job) => job.name === name))
        .flatMap((container) => containerProblems(container, state)),
      ...(state === undefined ? [] : differences(found.containers, state)),
      ...(found.routes ?? []).flatMap((route) => routeProblems(route, shown)),
      ...certificates.flatMap((certificate) => certificateProblems(certificate, now)),
      ...(found.acme ?? []).map(({ of, at, error }) => ({
        subject: of,
        message: `the CA issued no certificate at ${at}: ${error}`,
      })),
      ...(backups === undefined ? [] : backupProblems(backups)),
      ...(jobs ?? []).flatMap(jobProblems),
      ...updateProblems(lastUpdate, state),
      ...spaceProblems(found),
    ],
    notes,
  };
}

const nameOf = (containers: readonly ContainerFact[], address: string): string | undefined =>
  containers.find(({ addresses, state }) => state === "running" && addresses.includes(address))?.container;

/** Of Postgres and Redis, and the authority that signed them. */
function ownCertificates(state: StateFacts | undefined): CertificateFact[] {
  const one = (of: string, end: string | undefined): CertificateFact[] => (end === undefined ? [] : [{ of, end }]);
  return [...one("data servers", state?.serversEnd), ...one("authority", state?.authorityEnd)];
}

/** What is wrong with a container by itself. */
function containerProblems(container: ContainerFact, state: StateFacts | undefined): Problem[] {
  const { name, state: status, health, exitCode = 0, outOfMemory, component, id } = container;
  const say = (message: string): Problem[] => [{ subject: name, message }];
  const why = outOfMemory ? ", for want of memory (raise resources.memoryMiB)" : "";
  if (component === "job") return exitCode === 0 ? [] : say(`ended with ${exitCode}${why}`);
  // One that the state has is told of as a difference.
  if (status !== "running")
    return state !== undefined && !state.containers.some((one) => one.id === id)
      ? []
      : say(
          `${status === "exited" ? `stopped with exit code ${exitCode}` : `is ${status}`}${why}; \`pulumi up\` ` +
            `starts it`,
        );
  if (health === "unhealthy") return say(`is unhealthy${why}: see \`docker logs ${container.container}\``);
  return outOfMemory ? say("a process in it was killed for want of memory (raise resources.memoryMiB)") : [];
}

/** Where the state and the engine do not agree. */
function differences(containers: readonly ContainerFact[], state: StateFacts): Problem[] {
  const missing = state.containers
    .filter(({ id }) => !containers.some((container) => container.id === id))
    .map(({ name, component, urn }) => ({
      subject: name,
      message:
        `${component === "carrier" ? "a carrier" : "the container"} is gone: \`pulumi up --replace ` +
        `'${urn}'\` creates it again`,
    }));
  const surplus = containers
    .filter(({ id, ephemeral }) => !ephemeral && !state.containers.some((one) => one.id === id))
    .filter(({ component }) => component !== "carrier")
    .map(({ name, container, state: status }) => ({
      subject: name,
      message: `${container} (${status}) is in no state: an update that was ended left it, or one is running now`,
    }));
  return [...missing, ...surplus];
}

function routeProblems({ route, addresses, canary }: RouteFact, containers: readonly ContainerFact[]): Problem[] {
  if (addresses.length === 0)
    return [{ subject: route, message: "the gateway has no address to lead its requests to" }];
  const ill = { subject: route, message: "the gateway finds the canary not well, and leads no requests to it" };
  return [
    ...addresses
      .filter((address) => nameOf(containers, address) === undefined)
      .map((address) => ({
        subject: route,
        message: `the gateway leads to ${address}, where no container of it runs`,
      })),
    ...(canary?.well === false ? [ill] : []),
  ];
}

function certificateProblems({ of, end }: CertificateFact, now: Date): Problem[] {
  if (end === undefined) return [];
  const days = Math.floor((Date.parse(end) - now.getTime()) / DAY_MS);
  if (days >= RENEWAL_DAYS) return [];
  const when = days < 0 ? `ended on ${end.slice(0, 10)}` : `ends on ${end.slice(0, 10)}, in ${days} days`;
  return [{ subject: of, message: `the certificate ${when}` }];
}

function backupProblems({ failed, drill }: BackupFacts): Problem[] {
  return [
    ...(failed === undefined
      ? []
      : [{ subject: "backup", message: `the last attempt, of ${failed.at}, failed: ${failed.error}` }]),
    ...(drill === undefined || drill.ok
      ? []
      : [{ subject: "backup", message: `the restore drill of ${drill.at} failed: ${drill.error}` }]),
  ];
}

function jobProblems(job: JobFact): Problem[] {
  const message = jobProblem(job);
  return message === undefined ? [] : [{ subject: job.name, message }];
}

function updateProblems(update: UpdateFact | undefined, state: StateFacts | undefined): Problem[] {
  return [
    ...(update === undefined || update.result === "succeeded"
      ? []
      : [{ subject: "pulumi", message: `the last ${update.kind} ${update.result}: some of it may be deployed` }]),
    ...(state === undefined || state.pending === 0
      ? []
      : [{ subject: "pulumi", message: `${state.pending} operations of an update that was ended are pending` }]),
  ];
}
