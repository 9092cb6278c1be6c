import {
  judge,
  SERVICE_RULES,
  STACK_RULES,
  type ContainerView,
  type Rule,
  type StackView,
} from "../../../hardening/rules";
import { addressesOf } from "../../../hardening/rules/bounds";
import { containerOf } from "./container";

const said = (rules: readonly Rule[], id: string, containers: readonly ContainerView[]): string[] => {
  const view: StackView = {
    stack: "prod",
    environment: "prod",
    certificates: "letsencrypt",
    containers,
    networks: [{ resource: "n", name: "egress", engineName: "rampart-prod-egress", internal: false, subnet: "" }],
    volumes: [],
    images: [],
  };
  return judge(rules, view)
    .filter((entry) => entry.id === id)
    .map(({ status, resource, message }) => `${status}: ${resource}: ${message}`);
};

const mount = (source: string, readOnly = false): ContainerView["mounts"][number] => ({
  source,
  target: "/data",
  readOnly,
  host: false,
});
const [api, web] = [containerOf("rampart-prod-api", "api"), containerOf("rampart-prod-web", "web")];

describe("rampart-shared-volumes", () => {
  const shared = (...containers: readonly ContainerView[]): string[] =>
    said(SERVICE_RULES, "rampart-shared-volumes", containers);

  test("tells of a volume that two services mount, and which of them write", () => {
    expect(shared({ ...api, mounts: [mount("files")] }, { ...web, mounts: [mount("files", true)] })).toEqual([
      "open: prod: api and web share the volume files, to which api may write: see that both need it",
    ]);
  });

  test("leaves volumes alone that nobody writes, that replicas share, or that are Rampart's", () => {
    expect(shared({ ...api, mounts: [mount("files", true)] }, { ...web, mounts: [mount("files", true)] })).toEqual([
      "pass: prod: no two services share a volume",
    ]);
    const replica = { ...api, resource: "rampart-prod-api-2" };
    expect(shared({ ...api, mounts: [mount("files")] }, { ...replica, mounts: [mount("files")] })).toHaveLength(1);
    const backup = { ...web, component: "backup" };
    expect(shared({ ...api, mounts: [mount("x")] }, { ...backup, mounts: [mount("x")] })[0]).toMatch(/^pass/);
  });
});

describe("rampart-seccomp-profile", () => {
  test("tells of a program under the engine's own profile, and leaves Rampart's containers out", () => {
    const plain = { securityOpts: ["no-new-privileges:true"] };
    expect(
      said(SERVICE_RULES, "rampart-seccomp-profile", [
        { ...api, ...plain },
        web,
        { ...api, ...plain, component: "redis" },
      ]),
    ).toEqual([
      "open: rampart-prod-api: runs under the engine's own seccomp profile (confinement.seccomp is default): " +
        "see that it needs to",
      "pass: rampart-prod-web: runs under a profile that is narrower than the engine's",
    ]);
  });
});

describe("rampart-resource-limits", () => {
  test.each([
    [{ memoryMiB: 1_048_576 }, "1048576 MiB of memory: see that more than 32768 are needed"],
    [{ cpus: 512 }, "512 cores: see that more than 16 are needed"],
    [{ pids: 32_768 }, "32768 processes: see that more than 4096 are needed"],
  ])("%p is open", (change, message) => {
    expect(said(SERVICE_RULES, "rampart-resource-limits", [{ ...api, ...change }])).toEqual([
      `open: rampart-prod-api: ${message}`,
    ]);
  });

  test("what is within a host passes", () => {
    expect(said(SERVICE_RULES, "rampart-resource-limits", [api])).toEqual([
      "pass: rampart-prod-api: has limits within what a host has",
    ]);
  });
});

test("a way out of Rampart's own is accepted where the stack asks for it, and said nowhere else", () => {
  const out = { networks: ["rampart-prod-egress"] };
  expect(
    said(STACK_RULES, "rampart-egress", [
      { ...api, ...out },
      web,
      { ...api, ...out, resource: "b", component: "backup" },
      { ...api, ...out, resource: "m", component: "monitoring" },
      { ...api, resource: "p", component: "postgres" },
    ]),
  ).toEqual([
    "open: rampart-prod-api: may open connections to the internet (egress: true): see that it needs to",
    "pass: rampart-prod-web: cannot open connections to the internet",
    "accepted: b: may open connections to the internet: " +
      "backups go to a repository elsewhere (database.backups.repository)",
    "accepted: m: may open connections to the internet: alerts go to a receiver (monitoring)",
  ]);
});

test.each([
  ["10.0.0.5", 1],
  ["10.0.0.0/24", 256],
  ["10.0.0.0/8", 16_777_216],
  ["2001:db8::1", 1],
  ["2001:db8::/64", 1],
  ["2001:db8::/48", 65_536],
  ["2001:db8::/128", 1],
])("%s counts as %d addresses", (source, count) => {
  expect(addressesOf(source)).toBe(count);
});
