import {
  CONTAINER_RULES,
  judge,
  RULES,
  SEVERITIES,
  sourcesOf,
  STACK_RULES,
  type PostureEntry,
  type StackView,
} from "../../../hardening/rules";
import { withLocalEngine } from "../../components/support";
import { API, happyView, withContainer, withNetwork, withVolume } from "./support";

withLocalEngine();

let view: StackView;
beforeAll(async () => {
  view = await happyView();
});

const found = (id: string, changed: StackView, resource: string): string[] =>
  judge(STACK_RULES, changed)
    .filter((entry) => entry.id === id && entry.resource === resource)
    .map(({ status, message }) => `${status}: ${message}`);
const notPassed = (changed: StackView): PostureEntry[] =>
  judge(STACK_RULES, changed).filter(({ status }) => status !== "pass");

describe("the rules", () => {
  test("have ids that are unique, and say what, why and whence, and what to change", () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    for (const rule of RULES) {
      const { id, severity, title, why, remedy } = rule;
      expect(SEVERITIES).toContain(severity);
      expect(id).toMatch(/^(cis-\d\.\d+|rampart-[a-z-]+)$/);
      for (const text of [title, why, ...sourcesOf(rule)]) expect(text.length).toBeGreaterThan(5);
      // A sentence with a key, a value or a command in it.
      expect([id, remedy]).toEqual([id, expect.stringMatching(/^[A-Z][^`]*`[^`]+`.*[.…`]$/s)]);
      expect([id, remedy.split("`").length % 2]).toEqual([id, 1]);
    }
  });

  test("have titles that say what is true where they pass", () => {
    const titles = RULES.map(({ id, title }) => `${id}: ${title}`);
    // A title without a verb, or one that says what may be, reads as its opposite beside the word "pass".
    expect(titles.filter((title) => / may |services that/.test(title))).toEqual([]);
    for (const rule of CONTAINER_RULES)
      expect(rule.title).toMatch(
        /^(?:is|has|runs|drops|cannot|publishes|shares|restarts|stays|does not|mounts|executes|reads|rotates) /,
      );
  });

  test("hold on the happy path, each of them judged there", () => {
    expect(notPassed(view)).toEqual([]);
    expect(STACK_RULES.filter((rule) => rule.check(view).length === 0).map(({ id }) => id)).toEqual([]);
  });
});

describe("rampart-image-pinned", () => {
  const digest = `sha256:${"a1".repeat(32)}`;
  test.each([
    ["app:1", "app:1: it is not pinned as repo:tag@sha256:<64 hex digits>"],
    [`app@${digest}`, `app@${digest}: it is not pinned as repo:tag@sha256:<64 hex digits>`],
    [`app:latest@${digest}`, `app:latest@${digest}: the tag latest says nothing about what runs`],
  ])("%s fails", (reference, message) => {
    expect(found("rampart-image-pinned", { ...view, images: [{ resource: "img", reference }] }, "img")).toEqual([
      `fail: ${message}`,
    ]);
  });

  test("passes with the tag as a person knows it", () => {
    expect(
      found("rampart-image-pinned", { ...view, images: [{ resource: "img", reference: `app:1@${digest}` }] }, "img"),
    ).toEqual(["pass: app:1 is pinned"]);
  });
});

describe("rampart-networks", () => {
  test.each([
    [API, "public", "fail: is on public"],
    [API, "docker-api-api", "pass: is only on the networks of its kind"],
    [API, "egress", "fail: is on rampart-prod-egress"],
    ["rampart-prod-postgres", "proxy", "fail: is on proxy"],
    ["rampart-prod-redis", "public", "fail: is on public"],
    ["rampart-prod-edge", "internal", "fail: is on internal"],
    ["rampart-prod-edge", "proxy", "fail: is on proxy"],
    ["rampart-prod-edge", "gateway", "pass: is only on the networks of its kind"],
    ["rampart-prod-gateway", "proxy", "pass: is only on the networks of its kind"],
    ["rampart-prod-edge", "public", "fail: is on public"],
    ["rampart-prod-gateway", "internal", "fail: is on internal"],
    [API, "gateway", "fail: is on gateway"],
    ["rampart-prod-docker-api-api", "internal", "fail: is on internal"],
    ["rampart-prod-api-secrets-carrier", "internal", "fail: is on internal"],
  ])("%s on %s", (resource, network, expected) => {
    expect(
      found("rampart-networks", withContainer(view, { networks: [`rampart-prod-${network}`] }, resource), resource),
    ).toEqual([expected]);
  });

  test("a consumer's network is another's not", () => {
    const other = {
      resource: "n",
      name: "docker-api-other",
      engineName: "x-docker-api-other",
      internal: true,
      subnet: "",
    };
    expect(
      found(
        "rampart-networks",
        withContainer({ ...view, networks: [...view.networks, other] }, { networks: ["x-docker-api-other"] }),
        API,
      ),
    ).toEqual(["fail: is on docker-api-other"]);
  });
});

describe("rampart-internal-networks", () => {
  test("fails where a network that must be internal has a way out", () => {
    expect(
      found("rampart-internal-networks", withNetwork(view, "internal", { internal: false }), "rampart-prod-internal"),
    ).toEqual(["fail: has a way out"]);
    expect(
      found(
        "rampart-internal-networks",
        withNetwork(view, "docker-api-api", { internal: false }),
        "rampart-prod-docker-api-api",
      ),
    ).toEqual(["fail: has a way out"]);
    expect(found("rampart-internal-networks", view, "rampart-prod-public")).toEqual([
      "pass: has a way out, as it must",
    ]);
    expect(found("rampart-internal-networks", view, "rampart-prod-proxy")).toEqual(["pass: is internal"]);
  });
});

describe("rampart-egress", () => {
  test("names the services that may reach the internet", () => {
    const egress = {
      resource: "rampart-prod-egress",
      name: "egress",
      engineName: "rampart-prod-egress",
      internal: false,
      subnet: "",
    };
    expect(
      found(
        "rampart-egress",
        withContainer({ ...view, networks: [...view.networks, egress] }, { networks: ["rampart-prod-egress"] }),
        API,
      ),
    ).toEqual(["open: may open connections to the internet (egress: true): see that it needs to"]);
    expect(found("rampart-egress", view, API)).toEqual(["pass: cannot open connections to the internet"]);
    expect(found("rampart-egress", view, "rampart-prod-edge")).toEqual([]);
  });
});

describe("rampart-data-protected", () => {
  const volume = "rampart-prod-postgres-data";
  test("fails in production and staging where data goes with the stack; in dev the message says so", () => {
    const open = withVolume(view, volume, { protected: false });
    expect(found("rampart-data-protected", view, volume)).toEqual(["pass: is protected and retained"]);
    expect(found("rampart-data-protected", open, volume)).toEqual(["fail: is deleted by `pulumi destroy`"]);
    expect(found("rampart-data-protected", { ...open, environment: "staging" }, volume)).toEqual([
      "fail: is deleted by `pulumi destroy`",
    ]);
    expect(found("rampart-data-protected", { ...open, environment: "dev" }, volume)).toEqual([
      "accepted: is deleted by `pulumi destroy`, as this is dev",
    ]);
    expect(found("rampart-data-protected", { ...view, environment: "dev" }, volume)).toEqual([
      "pass: is protected and retained",
    ]);
  });
});

describe("rampart-certificates", () => {
  test.each([
    ["letsencrypt", "prod", "pass: letsencrypt"],
    [
      "https://ca.example.com/dir",
      "prod",
      "skip: https://ca.example.com/dir: whether browsers trust this CA, only a browser can tell",
    ],
    ["self-signed", "prod", "fail: self-signed"],
    ["letsencrypt-staging", "prod", "fail: letsencrypt-staging"],
    ["letsencrypt-staging", "staging", "accepted: letsencrypt-staging, as this is staging"],
    ["self-signed", "dev", "accepted: self-signed, as this is dev"],
  ] as const)("%s in %s", (certificates, environment, expected) => {
    expect(found("rampart-certificates", { ...view, certificates, environment }, "prod")).toEqual([expected]);
  });

  const UNREACHABLE = "cannot reach 127.0.0.1, the only address on which the edge listens";
  test.each([
    ["letsencrypt", "127.0.0.1", false, `fail: letsencrypt ${UNREACHABLE}`],
    ["letsencrypt-staging", "127.0.0.1", false, `fail: letsencrypt-staging ${UNREACHABLE}`],
    [
      "letsencrypt",
      "127.0.0.1",
      true,
      `open: letsencrypt ${UNREACHABLE}: see that the proxy on this host passes on the CA's requests`,
    ],
    ["letsencrypt", "192.0.2.7", false, "pass: letsencrypt"],
    ["self-signed", "127.0.0.1", false, "accepted: self-signed, as this is staging"],
  ] as const)("%s on %s, behind a proxy: %s", (certificates, listenAddress, behindProxy, expected) => {
    const edge = { listenAddress, behindProxy };
    expect(found("rampart-certificates", { ...view, certificates, environment: "staging", edge }, "prod")).toEqual([
      expected,
    ]);
  });
});

describe("the rules of a database", () => {
  test("say how it is reached, and that connections are in clear", () => {
    expect(found("rampart-database-host-access", view, "prod")).toEqual([
      "pass: the provider reaches Postgres by its address on the internal network; no port is published",
    ]);
  });

  test("say nothing where there is none", () => {
    const { databaseAccess, ...none } = view;
    expect(databaseAccess).toBe("direct");
    expect(found("rampart-database-host-access", none, "prod")).toEqual([]);
  });
});

describe("rampart-database-host-access", () => {
  const REASON =
    "the database provider reaches Postgres through this loopback-only port (rampart:database.access is forwarder)";
  const forwarder = (ip: string): StackView => {
    const [first] = view.containers;
    if (first === undefined) throw new Error("the view has no container");
    const one = {
      ...first,
      resource: "rampart-prod-forwarder",
      component: "forwarder",
      name: "forwarder",
      ports: [{ ip, external: 15_432 }],
      accepted: { "rampart-database-host-access": REASON },
    };
    return { ...view, databaseAccess: "forwarder", containers: [...view.containers, one] };
  };
  const judged = (one: StackView): string[] =>
    judge(RULES, one)
      .filter(({ id }) => id === "rampart-database-host-access")
      .map(({ status, resource, message }) => `${resource}: ${status}: ${message}`);

  test("shows the forwarder as accepted, with its reason", () => {
    expect(judged(forwarder("127.0.0.1"))).toEqual([
      `rampart-prod-forwarder: accepted: leads from the host's 127.0.0.1:15432 to Postgres: ${REASON}`,
    ]);
  });

  test("fails, whatever a label says, for another address, for Postgres' own port, and without a forwarder", () => {
    expect(judged(forwarder("0.0.0.0"))).toEqual([
      "prod: fail: rampart-prod-forwarder publishes Postgres on 0.0.0.0:15432, " +
        "which is not a forwarder on the engine's 127.0.0.1",
    ]);
    expect(
      judged(withContainer(view, { ports: [{ ip: "127.0.0.1", external: 5432 }] }, "rampart-prod-postgres")),
    ).toEqual([
      "prod: fail: rampart-prod-postgres publishes Postgres on 127.0.0.1:5432, " +
        "which is not a forwarder on the engine's 127.0.0.1",
    ]);
    expect(judged({ ...view, databaseAccess: "forwarder" })).toEqual([
      "prod: fail: database.access is forwarder, and there is no forwarder",
    ]);
  });
});
