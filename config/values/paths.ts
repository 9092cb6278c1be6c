/** Paths on the host and in a container. */
import { posix } from "node:path";
import type { Check } from "./check";

/** Host paths that no container may mount, nor anything below them (seeds: Helvetia Cloud; CIS 5.6). */
export const FORBIDDEN_HOST_PATHS = [
  "/Applications",
  "/Library",
  "/System",
  "/Users",
  "/Volumes",
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/home",
  "/host_mnt",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/private",
  "/proc",
  "/root",
  "/run",
  "/sbin",
  "/snap",
  "/sys",
  "/usr",
  "/var/lib/containerd",
  "/var/lib/containers",
  "/var/lib/docker",
  "/var/lib/kubelet",
  "/var/run",
  "/var/snap",
  "/var/spool/cron",
] as const;

/** Directories in which tools keep keys, wherever they are. */
const KEY_DIRECTORIES = /\/\.(?:aws|azure|docker|gnupg|kube|pulumi|ssh)(?:\/|$)/i;

const PLAIN_PATH = /^\/[A-Za-z0-9._\-+@/]*$/;

/**
 * Refuses a host mount of a forbidden path, of anything below one, and of anything above one (`/var` holds `/var/run`).
 * The path is normalised first, so that `/srv/../etc` and `//etc/` are what they are, and compared without regard to
 * case: macOS and Windows have none.
 */
export const hostPathCheck: Check<string> = (given) => {
  const allowed = `a directory of the host's own for this purpose, such as /srv/<application>; not ${["/", ...FORBIDDEN_HOST_PATHS].join(", ")} or a path within or above them`;
  const fix = "use a named volume (`name:` instead of `hostPath:`), or a directory under /srv";
  if (!PLAIN_PATH.test(given)) return { allowed: "an absolute path of letters, digits and . _ - + @", fix };
  const path = normalPath(given);
  const bad = path === "/" || FORBIDDEN_HOST_PATHS.some((root) => within(path, root) || within(root, path));
  if (bad) return { allowed, fix };
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
      "an absolute path in the container in its normal form; not /, nor in /proc, /sys, /dev, /var/run or /run/secrets, nor a socket",
    fix: "choose another path",
  };
};
