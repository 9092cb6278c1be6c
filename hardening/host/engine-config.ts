/** The configuration of the engine's process: its file, and the arguments that go before it. */
import { isTree, leaf, type Tree } from "../tree";
import { jsonTree, type HostFacts } from "./facts";

/** Settings as daemon.json names them. */
export interface EngineConfig {
  readonly settings: Tree;
  /** Those of them that arguments make. The engine does not start where the file names one of these as well. */
  readonly fromArguments: readonly string[];
  /** The file that the process reads, whether or not it exists. */
  readonly file: string;
}

/** Flags of dockerd that take a value only behind `=`. */
const SWITCHES = new Set([
  "debug",
  "experimental",
  "icc",
  "init",
  "ip-forward",
  "ip-masq",
  "ip6tables",
  "iptables",
  "ipv6",
  "live-restore",
  "no-new-privileges",
  "raw-logs",
  "rootless",
  "selinux-enabled",
  "tls",
  "tlsverify",
  "userland-proxy",
]);

/** Flags that daemon.json names in the plural, as lists. */
const LISTS: Readonly<Record<string, string>> = {
  H: "hosts",
  host: "hosts",
  "insecure-registry": "insecure-registries",
  "authorization-plugin": "authorization-plugins",
};

/** Flags that daemon.json names in the plural, as names with values. */
const MAPS: Readonly<Record<string, string>> = { "log-opt": "log-opts", "default-ulimit": "default-ulimits" };

const LONG: Readonly<Record<string, string>> = { D: "debug", l: "log-level", g: "data-root", s: "storage-driver" };

/** The settings that arguments make; the last of two counts, and lists grow. */
export function settingsOfArguments(args: readonly string[]): Tree {
  const settings: Record<string, unknown> = {};
  const queue = [...args];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [, flag = "", , given] = /^--?([A-Za-z0-9-]+)(=(.*))?$/s.exec(next) ?? [];
    if (flag === "") continue;
    const name = LONG[flag] ?? flag;
    const value = given ?? (SWITCHES.has(name) ? "true" : queue.shift()) ?? "";
    const [list, map] = [LISTS[name], MAPS[name]];
    if (list !== undefined) settings[list] = [...texts(settings[list]), value];
    else if (map !== undefined) {
      const [key = "", ...rest] = value.split("=");
      settings[map] = { ...(isTree(settings[map]) ? settings[map] : {}), [key]: rest.join("=") };
    } else settings[name] = SWITCHES.has(name) ? value === "true" : value;
  }
  return settings;
}

/** The engine's configuration, or why nobody knows it. */
export function engineConfig(facts: HostFacts): EngineConfig | { readonly unknown: string } {
  const pid = engineProcess(facts);
  if (typeof pid !== "string") return pid;
  const hidden = facts.hidden(`engine-config-${pid}`);
  if (hidden !== undefined) return { unknown: hidden };
  const file = facts.value("engine-file", pid) ?? "/etc/docker/daemon.json";
  const text = facts.values("engine-config", pid).join("\n");
  const fromFile = text.trim() === "" ? {} : jsonTree(text);
  if (fromFile === undefined) return { unknown: `${file} is not valid JSON` };
  const [, ...args] = facts.values("engine-argument", pid);
  const fromArguments = settingsOfArguments(args);
  return { file, settings: { ...fromFile, ...fromArguments }, fromArguments: Object.keys(fromArguments) };
}

/** The number of the process that listens on the engine's socket. */
function engineProcess(facts: HostFacts): string | { readonly unknown: string } {
  const pids = facts.all("engine").map(({ key }) => key);
  const [first] = pids;
  if (first === undefined) return { unknown: "no process dockerd is seen here" };
  if (pids.length === 1) return first;
  const socket = shortSocket(facts.value("system", "socket") ?? "");
  const found = pids.filter((pid) => {
    // The other one's root: its /run is not this one's.
    if (facts.value("engine-elsewhere", pid) !== undefined && !/^\/(?:var\/)?run\//.test(socket)) return false;
    const hosts = texts(settingsOfArguments(facts.values("engine-argument", pid).slice(1))["hosts"]);
    const sockets = hosts.map((host) => host.replace(/^unix:\/\//, "")).map(shortSocket);
    return (
      sockets.includes(socket) || (sockets.every((one) => !one.startsWith("/")) && socket === defaultSocket(facts, pid))
    );
  });
  const here = found.filter((pid) => facts.value("engine-elsewhere", pid) === undefined);
  const [only, ...others] = here.length > 0 ? here : found;
  return only !== undefined && others.length === 0
    ? only
    : { unknown: `${pids.length} processes dockerd run here, and none can be told to be this engine` };
}

/** Where an engine listens that is told nothing else, or is given its socket by systemd. */
function defaultSocket(facts: HostFacts, pid: string): string {
  const uid = facts.value("engine", pid) ?? "0";
  return uid === "0" ? "/run/docker.sock" : `/run/user/${uid}/docker.sock`;
}

const shortSocket = (path: string): string => path.replace(/^\/var\/run\//, "/run/");

/** The texts of a list, and one of a single text. */
export const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map(leaf) : typeof value === "string" && value !== "" ? [value] : [];
