/** Paths on the host and in a container. */
import { posix } from "node:path";
import type { Check } from "./check";

/**
 * Host paths that no container may mount, nor anything below them (seeds: Helvetia Cloud; CIS 5.6): the system's own,
 * and what root runs or keeps keys in, such as a cluster's (/var/lib/rancher) or its plugins' (/opt/cni). Read-only,
 * too: a copy of such a key is as good as the key, and no application has business with the plugins.
 */
export const FORBIDDEN_HOST_PATHS = [
  "/Applications",
  "/Library",
  "/System",
  "/Users",
  "/Volumes",
  "/bin",
  "/boot",
  "/dev",
  "/efi",
  "/etc",
  "/gnu",
  "/home",
  "/host_mnt",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/nix",
  "/opt/cni",
  "/opt/containerd",
  "/private",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/snap",
  "/sys",
  "/usr",
  "/var/db",
  "/var/lib/amazon",
  "/var/lib/apt",
  "/var/lib/calico",
  "/var/lib/cloud",
  "/var/lib/cni",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/dbus",
  "/var/lib/docker",
  "/var/lib/dpkg",
  "/var/lib/etcd",
  "/var/lib/k0s",
  "/var/lib/kubelet",
  "/var/lib/libvirt",
  "/var/lib/lxc",
  "/var/lib/lxd",
  "/var/lib/machines",
  "/var/lib/private",
  "/var/lib/rancher",
  "/var/lib/rpm",
  "/var/lib/sudo",
  "/var/lib/systemd",
  "/var/lib/waagent",
  "/var/mail",
  "/var/run",
  "/var/snap",
  "/var/spool",
] as const;

/** Directories that all programs of the host share, sockets among them; one below them is somebody's own. */
const SHARED_DIRECTORIES: readonly string[] = ["/tmp", "/var/tmp"];

/** Directories in which tools keep keys, wherever they are. */
const KEY_DIRECTORIES = /\/\.(?:aws|azure|docker|gnupg|kube|pulumi|ssh)(?:\/|$)/i;

const PLAIN_PATH = /^\/[A-Za-z0-9._\-+@/]*$/;

/**
 * Refuses a host mount of a forbidden path, of anything below one, and of anything above one (`/var` holds `/var/run`).
 * The path is normalised first, so that `/srv/../etc` and `//etc/` are what they are, and compared without regard to
 * case: macOS and Windows have none.
 */
export const hostPathCheck: Check<string> = (given) => {
  const allowed =
    "a directory of the host's own for this purpose, such as /srv/<application>; " +
    `not ${["/", ...FORBIDDEN_HOST_PATHS].join(", ")} or a path within or above them`;
  const fix = "use a named volume (`name:` instead of `hostPath:`), or a directory under /srv";
  if (!PLAIN_PATH.test(given)) return { allowed: "an absolute path of letters, digits and . _ - + @", fix };
  const path = normalPath(given);
  const bad = path === "/" || FORBIDDEN_HOST_PATHS.some((root) => within(path, root) || within(root, path));
  if (bad) return { allowed, fix };
  if (SHARED_DIRECTORIES.includes(path.toLowerCase()))
    return {
      allowed: "a directory of the application's own, not one that all programs share",
      fix: `use one below it, such as ${path}/<application>`,
    };
  if (/\.sock(?:\/|$)/i.test(path))
    return {
      allowed: "no socket: the Docker API is reached only through `dockerApi`",
      fix: "remove it, and list what the service calls under dockerApi",
    };
  if (/^\/[a-z](?:\/|$)/i.test(path)) return { allowed: "no drive of a Windows host", fix };
  if (KEY_DIRECTORIES.test(path)) return { allowed: "no directory in which tools keep keys", fix };
  // The engine reads it back in its normal form, and every preview would show a change.
  if (path !== given) return { allowed: "a path in its normal form", fix: `write it as ${path}` };
  return undefined;
};

/** The host's logs, which a log shipper may read. */
export const isLogPath = (path: string): boolean => within(normalPath(path), "/var/log");

const normalPath = (path: string): string => posix.normalize(path.replace(/\/+/g, "/")).replace(/\/$/, "") || "/";

const within = (path: string, root: string): boolean =>
  path.toLowerCase() === root.toLowerCase() || path.toLowerCase().startsWith(`${root.toLowerCase()}/`);

/** Where a volume or a tmpfs may be mounted: never over what the kernel or Rampart put there. */
export const containerPathCheck: Check<string> = (given) => {
  if (
    PLAIN_PATH.test(given) &&
    given !== "/" &&
    normalPath(given) === given &&
    !/^\/(?:proc|sys|dev|run\/secrets|var\/run)(?:\/|$)|\.sock(?:\/|$)/.test(given)
  )
    return undefined;
  return {
    allowed:
      "an absolute path in the container in its normal form; " +
      "not /, nor in /proc, /sys, /dev, /var/run or /run/secrets, nor a socket",
    fix: "choose another path",
  };
};
