/** The suites as they are: nothing runs. */
import { isTree } from "../../hardening/tree";
import * as amo from "../e2e/lib/amo-portal";
import * as kitium from "../e2e/lib/kitiumai-docker";
import { namesOf, select } from "../e2e/lib/selection";
import * as stacks from "../e2e/lib/stacks";
import { SUITES } from "../e2e/suites";

const smoke = select(SUITES, { smoke: true });

test("every check has a name of its own, by which a rerun finds it", () => {
  const names = namesOf(SUITES);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test("every stack has subnets and ports of its own: two run side by side", () => {
  const all = [stacks, amo, kitium].flatMap((module) => Object.values(module) as unknown[]).filter(isTree);
  const pools = all.flatMap(({ pool }) => (typeof pool === "string" ? [pool] : []));
  const ports = all.flatMap(({ httpPort, httpsPort }) => [httpPort, httpsPort]).filter((port) => port !== undefined);
  const twice = (values: readonly unknown[]): unknown[] =>
    values.filter((value, index) => values.indexOf(value) !== index);
  expect(pools.length).toBeGreaterThan(15);
  expect([...twice(pools), ...twice(ports)]).toEqual([]);
});

describe("the smoke run", () => {
  test("has one stack", () => {
    expect([...new Set(smoke.map(({ stack }) => stack))]).toEqual(["main"]);
  });

  test("consists of marked checks only: none that is not marked is needed by one", () => {
    const marked = SUITES.flatMap((suite) =>
      suite.checks.filter((check) => check.smoke ?? suite.smoke).map((check) => `${suite.name}: ${check.name}`),
    );
    expect(namesOf(smoke)).toEqual(marked);
  });

  test("deploys, previews, probes, replaces, survives a bad version and destroys, in this order", () => {
    const names = namesOf(smoke);
    const steps = [
      "deployment: the first up succeeds",
      "deployment: a second preview shows no changes",
      "confinement: capabilities: ALL dropped, none added, none in the kernel's sets",
      "isolation: from inside, each service reaches what it should by name, and nothing else",
      "edge: the security headers are on answers of every kind",
      "database: app_rw changes no structure and administers nothing",
      "docker-api: a container that would be root on the host is refused, in any spelling",
      "replacement: a replacement under load loses no request",
      "replacement: a version that never gets healthy fails the update, and the old one serves every request",
      "faults: destroy leaves nothing behind",
    ];
    expect(names.filter((name) => steps.includes(name))).toEqual(steps);
    expect(names.at(-1)).toBe(steps.at(-1));
  });
});

test("what claims that something never happens is not tried twice", () => {
  const once = SUITES.flatMap((suite) =>
    suite.checks
      .filter((check) => /lose[s]? no|refused|leaves nothing|none in|nothing else|cannot/.test(check.name))
      .filter((check) => check.repeatable ?? suite.repeatable)
      .map((check) => `${suite.name}: ${check.name}`),
  );
  expect(once).toEqual([]);
});
