/** Volumes, directories and files of the host, and directories in memory. */
import { posix } from "node:path";
import { fillIn } from "../places";
import { containerPathCheck, hostPathCheck } from "../values/paths";
import type { DraftContext, Remarks } from "./draft-types";
import { isMarked, readable } from "./hidden";
import { insertDefined } from "./insert";
import { assignNames } from "./names";
import { grantField, type Member } from "./project";
import { knownImage } from "./roles";
import type { ComposeMount } from "./volumes";
import { clamp, quoteWords } from "./words";

/** Where an image keeps the sources of its program: a directory that development mounts over. */
const SOURCES_IN_IMAGE =
  /^\/(?:app|src|code|workspace|work|var\/www|usr\/src|home|opt|srv|project|api|web|frontend|backend|client|server)/;

interface MountArgs {
  readonly member: Member;
  readonly context: DraftContext;
  readonly remarks: Remarks;
  readonly services: readonly string[];
}

export interface MountDraft {
  readonly volumes: Record<string, unknown>[];
  readonly tmpfs: Record<string, unknown>[];
  readonly dockerApi: Record<string, unknown> | undefined;
}

const DEFAULT_TMPFS_MIB = 64;
const REASON = "a file of the compose file's directory: better built into the image";

export function draftMounts(args: MountArgs): MountDraft {
  const { service } = args.member;
  const volumes: Record<string, unknown>[] = [];
  const taken = new Set<string>();
  let dockerApi: Record<string, unknown> | undefined;
  for (const mount of [...service.mounts, ...configMounts(args)]) {
    const target = plainTarget(mount.target);
    if (/(?:^|\/)docker\.sock$/.test(mount.source) || /docker\.sock$/.test(mount.target)) {
      args.remarks.instead.push({
        services: args.services,
        about: "the Docker socket",
        text: "no service sees it: a socket proxy forwards the requests that `dockerApi` lists (docs/docker-api.md)",
      });
      dockerApi = {
        allow: [
          fillIn(
            "each request that the program makes of the Docker API, such as GET /containers/json; or remove dockerApi",
          ),
        ],
      };
      continue;
    }
    const volume = taken.has(target) ? undefined : volumeOf(mount, target, args);
    if (volume === undefined) continue;
    taken.add(target);
    volumes.push(volume);
  }
  return { volumes, tmpfs: tmpfsOf(args, taken), dockerApi };
}

const plainTarget = (target: string): string => posix.normalize(target).replace(/(?<=.)\/$/, "");

function volumeOf(mount: ComposeMount, target: string, args: MountArgs): Record<string, unknown> | undefined {
  const { member, context, remarks, services } = args;
  const drop = (text: string): undefined => {
    remarks.instead.push({ services, about: readable(mount.source === "" ? mount.target : shown(mount.source)), text });
    return undefined;
  };
  if (target === "/tmp") return drop("/tmp is in memory; give its size under `tmpfs`");
  if (isMarked(target) || containerPathCheck(target) !== undefined) {
    if (/^\/(?:etc\/(?:localtime|timezone)|var\/run|dev|proc|sys|run)/.test(target))
      return drop("nothing is mounted there");
    return drop(`${readable(target)} is no path that can be mounted over`);
  }
  switch (mount.kind) {
    case "volume":
      return insertDefined(
        { name: context.project.volumeNames.get(mount.source) ?? member.name, path: target },
        { readOnly: mount.readOnly || undefined },
      );
    case "anonymous":
      if (/node_modules|\.next|vendor|\.venv/.test(target)) return drop("development mount: the image holds it");
      return {
        name: volumeName(`${member.name} ${target}`, `${member.name}-${target.split("/").at(-1) ?? "data"}`, context),
        path: target,
      };
    case "host":
      return hostMount(mount, target, { ...args, drop });
    default: {
      const unknown: never = mount.kind;
      throw new Error(`not a kind of mount: ${JSON.stringify(unknown)}`);
    }
  }
}

/** A name beside those of the compose file's own volumes; one place has one name in all services. */
function volumeName(place: string, wanted: string, { project, assigned }: DraftContext): string {
  const known = assigned.volumes.get(place);
  if (known !== undefined) return known;
  const taken = [...project.volumeNames.values(), ...assigned.volumes.values()];
  const name = assignNames([wanted], { taken }).get(wanted) ?? wanted;
  assigned.volumes.set(place, name);
  return name;
}

function hostMount(
  mount: ComposeMount,
  target: string,
  { member, context, remarks, services, drop }: MountArgs & { readonly drop: (text: string) => undefined },
): Record<string, unknown> | undefined {
  const source = mount.source;
  if (/^\/etc\/(?:localtime|timezone)$/.test(source) || /^\/etc\/(?:localtime|timezone)$/.test(target))
    return drop("the time zone is a variable: TZ");
  const file = isFile(source, target);
  const system = /^\/(?:$|etc(?:\/|$)|proc|sys|dev|lib|usr|var\/(?:run|log|lib\/docker)|run|boot|root(?:\/|$))/.test(
    source,
  );
  if (system) return drop("no container sees the host's own directories");
  const context_ = member.service.build?.context;
  const inSource =
    context_ !== undefined && context_ !== "" && (source === context_ || source.startsWith(`${context_}/`));
  if (
    inSource &&
    !mount.readOnly &&
    !file &&
    SOURCES_IN_IMAGE.test(target) &&
    !/(?:data|uploads?|media|storage|static|public)$/.test(source)
  )
    return drop("the program's source is built into the image");
  const label =
    (isMarked(source) ? target : source)
      .split("/")
      .filter((part) => part !== "" && !/^[.~]/.test(part) && !isMarked(part))
      .at(-1) ?? "data";
  if (!file && !mount.readOnly) {
    remarks.instead.push({
      services,
      about: shown(readable(source)),
      text: "a directory of the host becomes a volume that the engine keeps; copy what it holds",
    });
    const name = /^(?:data|config|logs?|storage|html|app|db)$/i.test(label) ? `${member.name}-${label}` : label;
    return { name: volumeName(isMarked(source) ? `${member.name} ${target}` : source, name, context), path: target };
  }
  const hostPath = `/srv/${context.directory}/${label.replace(/[^A-Za-z0-9._+@-]/g, "-")}`;
  if (hostPathCheck(hostPath) !== undefined) return drop("no directory that keeps keys or sockets is mounted");
  const [from, to] = [shown(source), hostPath];
  if (!isMarked(source))
    remarks.copies.push(
      file
        ? `sudo install -D -m 0644 ${quoteWords([from, to])}`
        : `sudo mkdir -p ${quoteWords([to])} && sudo cp -a ${quoteWords([`${from}/.`, `${to}/`])}`,
    );
  remarks.weaker.push({
    services,
    about: `mount ${hostPath}`,
    text: `${readable(from)}, read from the host: build it into the image where you can`,
  });
  return { hostPath, path: target, reason: REASON };
}

/** A path as a person in the compose file's directory writes it. */
const shown = (source: string): string => source;

/** Endings of names of files that people mount one by one. */
const FILE_ENDING = new RegExp(
  [
    String.raw`\.(?:conf|cnf|cfg|ini|ya?ml|json|toml|env|xml|sql|sh|crt|pem|key|cert|template|tmpl|html|js|ts`,
    "py|rb|php|properties|txt|lua|htpasswd|acl|config|rules|list)$",
  ].join("|"),
  "i",
);

const isFile = (source: string, target: string): boolean => {
  const name = (isMarked(source) ? target : source).split("/").at(-1) ?? "";
  return FILE_ENDING.test(name) || /^(?:Caddyfile|Dockerfile|\.env|\.htpasswd|my\.cnf)$/.test(name);
};

/** Files of the compose file's `configs:`. */
function configMounts({ member, context, remarks, services }: MountArgs): ComposeMount[] {
  return member.service.configs.flatMap(({ source, target }): ComposeMount[] => {
    const file = grantField(context.project.configs, source, "file");
    if (file !== undefined) return [{ kind: "host", source: file, target: target ?? `/${source}`, readOnly: true }];
    remarks.instead.push({
      services,
      about: `configs ${source}`,
      text: "a file that the compose file holds itself: build it into the image, or mount it from /srv with `hostPath`",
    });
    return [];
  });
}

function tmpfsOf({ member, remarks, services }: MountArgs, taken: ReadonlySet<string>): Record<string, unknown>[] {
  const given = [
    ...member.service.tmpfs,
    ...(knownImage(member.service.image).tmpfs ?? []).map((path) => ({ path, sizeMiB: undefined })),
  ];
  const found = new Map<string, number>();
  for (const { path, sizeMiB } of given) {
    const target = plainTarget(path).replace(/^\/var\/run(?=\/|$)/, "/run");
    if (isMarked(target) || containerPathCheck(target) !== undefined || taken.has(target)) {
      if (!taken.has(target))
        remarks.instead.push({ services, about: `tmpfs ${readable(path)}`, text: "nothing is mounted there" });
      continue;
    }
    found.set(target, clamp(sizeMiB ?? DEFAULT_TMPFS_MIB, 1, 16_384));
  }
  const onlyTmp = found.size === 0 || (found.size === 1 && found.get("/tmp") === DEFAULT_TMPFS_MIB);
  if (onlyTmp && !taken.has("/tmp")) return [];
  if (!taken.has("/tmp") && !found.has("/tmp")) found.set("/tmp", DEFAULT_TMPFS_MIB);
  return [...found].map(([path, sizeMiB]) => ({ path, sizeMiB }));
}
