/** Where a person reads what a new version of an image changes. */
import { parseTag } from "./version-line";

const github =
  (repository: string, tag = (version: string): string => `v${version}`) =>
  (version: string): string =>
    `https://github.com/${repository}/releases/tag/${tag(version)}`;
const plain = (version: string): string => version;
const branch = (version: string): string => version.split(".").slice(0, 2).join(".");

/** By repository as a stack's file names it, without docker.io and library. */
const NOTES: Readonly<Record<string, (version: string) => string>> = {
  "alpine/socat": () => "http://www.dest-unreach.org/socat/CHANGES",
  haproxy: (version) => `https://www.haproxy.org/download/${branch(version)}/src/CHANGELOG`,
  nginx: (version) => `https://nginx.org/en/CHANGES-${branch(version)}`,
  "nginxinc/nginx-unprivileged": (version) => `https://nginx.org/en/CHANGES-${branch(version)}`,
  node: (version) => `https://github.com/nodejs/node/blob/main/doc/changelogs/CHANGELOG_V${version.split(".")[0]}.md`,
  postgres: (version) => `https://www.postgresql.org/docs/release/${version}/`,
  "prom/alertmanager": github("prometheus/alertmanager"),
  "prom/node-exporter": github("prometheus/node_exporter"),
  "prom/prometheus": github("prometheus/prometheus"),
  python: (version) => `https://docs.python.org/${branch(version)}/whatsnew/changelog.html`,
  "quay.io/prometheuscommunity/postgres-exporter": github("prometheus-community/postgres_exporter"),
  redis: github("redis/redis", plain),
  "restic/restic": github("restic/restic"),
  traefik: github("traefik/traefik"),
  "traefik/whoami": github("traefik/whoami"),
  "victoriametrics/victoria-logs": () => "https://docs.victoriametrics.com/victorialogs/changelog/",
};

/** The page of a version's changes; undefined for an image that nobody has entered here. */
export function releaseNotes(repository: string, tag: string): string | undefined {
  const name = repository.replace(/^(?:docker\.io\/)?(?:library\/)?/, "");
  const version = parseTag(tag)?.numbers.join(".");
  if (version === undefined || !Object.hasOwn(NOTES, name)) return undefined;
  return NOTES[name]?.(version);
}
