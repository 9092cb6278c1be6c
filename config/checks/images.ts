/** Whether the code can run the images that a stack puts in the place of Rampart's own. */
import { parseImage } from "../../hardening/container/image";
import { postgresMajor } from "../../hardening/postgres/upgrade/upgrade";
import type { Fault, FaultParams } from "../faults";
import { IMAGE_ROLES, type ImageRole } from "../images";
import type { StackConfig } from "../schema";
import type { ShowPath } from "./check";

interface Demand {
  /** The oldest version that the configuration is written for: its first two numbers. */
  readonly oldest: readonly [major: number, minor: number];
  /** Why the image has to be the one on Alpine; undefined where there is only one. */
  readonly alpine?: string;
  readonly example: string;
}

/** Traefik's version is judged in checks/edge.ts, by all of its numbers; socat has no version that matters. */
const DEMANDS: Readonly<Partial<Record<ImageRole, Demand>>> = {
  haproxy: { oldest: [2, 6], alpine: "its health check asks with the image's wget", example: "3.2-alpine" },
  postgres: {
    oldest: [16, 0],
    alpine: "the server runs as that image's user, and sorts by its C library",
    example: "16.15-alpine",
  },
  redis: { oldest: [7, 0], alpine: "the server runs as that image's user", example: "7.4.11-alpine" },
  prometheus: { oldest: [2, 42], example: "v3.5.0" },
  alertmanager: { oldest: [0, 25], example: "v0.28.1" },
  "node-exporter": { oldest: [1, 5], example: "v1.9.1" },
  "postgres-exporter": { oldest: [0, 11], example: "v0.17.1" },
  restic: { oldest: [0, 17], example: "0.18.1" },
};

export function imageFaults({ images }: StackConfig, show: ShowPath): Fault[] {
  return IMAGE_ROLES.flatMap((role) => {
    const reference = images[role];
    const parsed = reference === undefined ? undefined : parseImage(reference);
    // A reference that is not pinned is the schema's own fault.
    if (parsed === undefined) return [];
    const fault = repositoryFault(role, parsed.repository) ?? tagFault(role, parsed.tag);
    return fault === undefined
      ? []
      : [{ path: show(["images", role]), given: JSON.stringify(`${parsed.repository}:${parsed.tag}`), ...fault }];
  });
}

/** An image whose name is another role's is in the wrong place. */
function repositoryFault(role: ImageRole, repository: string): FaultParams | undefined {
  const name = repository.split("/").at(-1) ?? "";
  const other = IMAGE_ROLES.find((one) => one !== role && one === name);
  return other === undefined
    ? undefined
    : { allowed: `an image of ${role}`, fix: `write it as images.${other}, or give an image of ${role}` };
}

function tagFault(role: ImageRole, tag: string): FaultParams | undefined {
  if (/windowsservercore|nanoserver/i.test(tag))
    return { allowed: "an image for Linux", fix: "leave the end of the tag out" };
  const demand = DEMANDS[role];
  // A tag without a major version of PostgreSQL's is told in checks/database.ts.
  if (demand === undefined || (role === "postgres" && postgresMajor(tag) === undefined)) return undefined;
  const { oldest, alpine, example } = demand;
  const fix = `use a tag such as ${example}`;
  const version = /^v?(\d{1,3})(?:\.(\d{1,3}))?(?![\d])/.exec(tag);
  const from = oldest[1] === 0 ? String(oldest[0]) : oldest.join(".");
  const allowed =
    `${role} ${from} or newer, by the version that the tag begins ` +
    `with${alpine === undefined ? "" : `, on Alpine: ${alpine}`}`;
  if (version === null) return { allowed, fix };
  const [major, minor] = [Number(version[1]), version[2] === undefined ? Infinity : Number(version[2])];
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) return { allowed, fix };
  return alpine === undefined || /(?:^|[-.])alpine/.test(tag) ? undefined : { allowed, fix };
}
