/** Mounts of a compose service, in short and long forms. */
import { isMarked } from "./hidden";
import { isTree, tree, type Tree } from "../../hardening/tree";
import { list, text } from "./tree";
import { mebibytes } from "./words";

export interface ComposeMount {
  /** A volume that the engine keeps, a path of the host, or one that has no name. */
  readonly kind: "volume" | "host" | "anonymous";
  /** The volume's name or the host's path. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ComposeTmpfs {
  readonly path: string;
  readonly sizeMiB: number | undefined;
}

const isPath = (source: string): boolean =>
  /^(?:\.|\/|~|[A-Za-z]:[\\/])/.test(source) || (isMarked(source) && source.includes("/"));

export function readVolumes(value: unknown): ComposeMount[] {
  return list(value).flatMap((one): ComposeMount[] => (isTree(one) ? readLong(one) : readShort(text(one) ?? "")));
}

function readLong(mount: Tree): ComposeMount[] {
  const target = text(mount["target"]);
  const source = text(mount["source"]) ?? "";
  const type = text(mount["type"]) ?? "volume";
  if (target === undefined || (type !== "volume" && type !== "bind")) return [];
  const readOnly = mount["read_only"] === true || mount["read_only"] === "true";
  // Compose calls a source that begins with a variable a volume, as it does not know better.
  const kind = source === "" ? "anonymous" : type === "bind" || isPath(source) || isMarked(source) ? "host" : "volume";
  return [{ kind, source, target, readOnly }];
}

function readShort(mount: string): ComposeMount[] {
  const drive = /^[A-Za-z]:[\\/]/.test(mount) ? mount.slice(0, 2) : "";
  const parts = mount.slice(drive.length).split(":");
  const [first = "", second, mode = ""] = parts;
  if (mount === "") return [];
  if (second === undefined) return [{ kind: "anonymous", source: "", target: first, readOnly: false }];
  const source = drive + first;
  const kind = isPath(source) || isMarked(source) ? "host" : "volume";
  return [{ kind, source, target: second, readOnly: mode.split(",").includes("ro") }];
}

export function readTmpfs(service: Tree): ComposeTmpfs[] {
  const short = list(service["tmpfs"]).map((one) => {
    const [path = "", options = ""] = (text(one) ?? "").split(":");
    return { path, sizeMiB: mebibytes(/(?:^|,)size=([^,]+)/.exec(options)?.[1]) };
  });
  const long = list(service["volumes"]).flatMap((one) => {
    const mount = tree(one);
    const path = text(mount["target"]);
    return text(mount["type"]) === "tmpfs" && path !== undefined
      ? [{ path, sizeMiB: mebibytes(tree(mount["tmpfs"])["size"]) }]
      : [];
  });
  return [...short, ...long];
}
