/** The versions of the kernel and of the engine's programs, against ways out of a container that are known. */
import { cisDocker } from "../../rules/sources";
import { leaf, tree } from "../../tree";
import { decide, fail, pass, skip, type HostControl, type HostFinding, type Remedy } from "../control";
import { ESCAPES, ESCAPES_AS_OF, type Component, type Escape } from "../escapes";
import { trees, type HostFacts } from "../facts";
import { compareDebian, standing, versionOf } from "../versions";

/** A program's version, and who built it. */
interface Found {
  readonly version: string;
  /** Whether a distribution did, which mends old versions without a new number. */
  readonly distribution: boolean;
  /** The distribution's package, where it is known. */
  readonly package?: string;
}

const COMPONENT_NAMES: Readonly<Record<Exclude<Component, "kernel">, string>> = {
  containerd: "containerd",
  engine: "Engine",
  runc: "runc",
};

/** Packages that distributions build themselves; docker-ce and containerd.io are Docker's own. */
const PACKAGES: Readonly<Record<Exclude<Component, "kernel">, readonly string[]>> = {
  containerd: ["containerd"],
  engine: ["docker.io", "moby-engine"],
  runc: ["runc"],
};

/** The marks of Debian, Ubuntu, Fedora and their kin in a version. */
const DISTRIBUTION =
  /[+~]d(?:fsg|s)|ubuntu|[-~+]deb|\.fc\d|\.el\d|\.amzn|-generic|-amd64|-arm64|-cloud|\+rpt|-azure|-aws|-gcp|-pve|-default$/;

function kernelVersion(facts: HostFacts): Found {
  const release = facts.value("system", "kernel") ?? leaf(facts.info["KernelVersion"]);
  const build = facts.value("system", "build") ?? "";
  // "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)"
  const debian = /Debian (\S+)/.exec(build)?.[1];
  if (debian !== undefined) return { version: debian, distribution: true, package: debian };
  // "Ubuntu 5.15.0-91.101-generic 5.15.131": the last is the kernel that it was made from.
  const base = facts.value("system", "signature")?.split(" ")[2];
  if (base !== undefined) return { version: base, distribution: true };
  return { version: release, distribution: DISTRIBUTION.test(release) };
}

function programVersion(facts: HostFacts, component: Exclude<Component, "kernel">): Found | undefined {
  const components = trees(
    facts.engine.version === undefined ? [] : tree(facts.engine.version["Server"])["Components"],
  );
  const name = COMPONENT_NAMES[component];
  const version = leaf(components.find((one) => one["Name"] === name)?.["Version"]).replace(/^v/, "");
  if (version === "") return undefined;
  // Of another engine than the package's, such as one in a chroot, the package says nothing.
  const own = PACKAGES[component]
    .flatMap((one) => facts.values("package", one))
    .find((one) => one.replace(/^\d+:/, "").startsWith(version));
  return own === undefined
    ? { version, distribution: DISTRIBUTION.test(version) }
    : { version, distribution: true, package: own };
}

function escapeFinding(facts: HostFacts, escape: Escape, found: Found): HostFinding {
  const { cve, name, fixed, since, packages = {}, unlessPlugins } = escape;
  const target = `${cve} (${name})`;
  const told = found.package === undefined ? found.version : `${found.version}, package ${found.package}`;
  const plugins = tree(facts.info["Plugins"])["Authorization"];
  if (unlessPlugins === true && (!Array.isArray(plugins) || plugins.length === 0))
    return pass("the engine has no authorization plugins", target);
  const version = versionOf(found.version);
  if (version === undefined) return skip(`${found.version} is no version`, target);
  const stands = standing(version, fixed, since);
  if (stands === "fixed") return pass(`${told}: mended`, target);
  if (stands === "before") return pass(`${told}: older than the fault`, target);
  const mended = `mended in ${fixed.join(", ")}`;
  if (!found.distribution) return fail(`${told}; ${mended}`, target);
  const first = packages[facts.os("VERSION_CODENAME")];
  if (first === undefined || found.package === undefined)
    return decide(`${told}; ${mended}, and the distribution may have mended an older version: ask its tracker`, target);
  // An epoch belongs to the distribution's own counting.
  return compareDebian(found.package, first) >= 0
    ? pass(`${told}: mended since ${first}`, target)
    : fail(`${told}; mended in ${first}`, target);
}

/** Packages that bring a program, of whomever. */
const BRING: Readonly<Record<Component, readonly string[]>> = {
  containerd: ["containerd", "containerd.io"],
  engine: ["docker.io", "docker-ce", "moby-engine"],
  kernel: [],
  runc: ["runc", "containerd.io"],
};

/** @param installed the packages of the host */
function upgrade(component: Component, installed: readonly string[]): Remedy {
  if (component === "kernel")
    return {
      debian: "sudo apt-get update && sudo apt-get full-upgrade && sudo reboot",
      fedora: "sudo dnf upgrade --refresh kernel && sudo reboot",
    };
  const own = BRING[component].filter((name) => installed.includes(name));
  const names = (own.length > 0 ? own : BRING[component].slice(0, 1)).join(" ");
  return {
    debian: `sudo apt-get update && sudo apt-get install --only-upgrade ${names}`,
    fedora: `sudo dnf upgrade --refresh ${names}`,
  };
}

const TITLES: Readonly<Record<Component, string>> = {
  containerd: "containerd has no way out that is known",
  engine: "the engine has no way out that is known",
  kernel: "the kernel has no way out of containers that is known",
  runc: "runc has no way out that is known",
};

const control = (component: Component): HostControl => ({
  id: `host-escapes-${component}`,
  severity: "high",
  title: TITLES[component],
  why: "whoever leaves a container by one of these is root on the host, or close to it",
  sources: [cisDocker("1.2.2"), "hardening/host/escapes.ts"],
  judged:
    `${ESCAPES.filter((one) => one.component === component)
      .map(({ cve }) => cve)
      .join(", ")}, as of ${ESCAPES_AS_OF}. A distribution's package older than the makers' fix is a person's to ` +
    "decide, unless the table knows the distribution's fix",
  remedy: upgrade(component, []),
  looksAt: component === "kernel" ? "either" : "engine",
  judge: (facts: HostFacts) => {
    const found = component === "kernel" ? kernelVersion(facts) : programVersion(facts, component);
    if (found === undefined || found.version === "")
      return [skip(`the engine does not say its version of ${component}`)];
    const installed = facts.all("package").map(({ key }) => key);
    return ESCAPES.filter((one) => one.component === component).map((escape) => {
      const finding = escapeFinding(facts, escape, found);
      return finding.status === "fail" ? { ...finding, remedy: upgrade(component, installed) } : finding;
    });
  },
});

export const ESCAPE_CONTROLS: readonly HostControl[] = (["kernel", "runc", "containerd", "engine"] as const).map(
  control,
);
