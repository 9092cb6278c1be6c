import { clientArgs, serverArgs, versionArgs, volumeArgs } from "../../../commands/upgrade-postgres/containers";
import type { OldServer } from "../../../commands/upgrade-postgres/server";

const SERVER: OldServer = {
  ...{ stack: "prod", id: "c0ffee", running: true, healthy: true, superuser: "postgres", base: "shop-postgres-data" },
  ...{ dataVolume: "shop-postgres-data", secretsVolume: "shop-postgres-secrets", memoryMiB: 768, volumes: [] },
};
const IMAGE = "postgres:17.6-alpine@sha256:1";
const NAMES = { data: "shop-postgres-data-17", dump: "shop-dump", server: "shop-upgrade" };

const CONTAINERS: readonly (readonly [what: string, args: readonly string[]])[] = [
  ["that tells its version", versionArgs("prod", IMAGE)],
  ["with the new version's programs", clientArgs({ server: SERVER, image: IMAGE, dump: NAMES.dump }, "true")],
  ["of the new server", serverArgs(SERVER, IMAGE, NAMES)],
  ["that marks the volume", volumeArgs({ stack: "prod", image: IMAGE, data: NAMES.data }, "true", ["16"])],
];
const of = (what: string): readonly string[] => CONTAINERS.find(([name]) => name === what)?.[1] ?? [];
/** The values of an option that may be given more than once. */
const values = (args: readonly string[], option: string): string[] =>
  args.filter((_value, index) => args[index - 1] === option);

describe.each(CONTAINERS)("the container %s", (_what, args) => {
  test("has no rights that it does not need", () => {
    expect(values(args, "--cap-drop")).toEqual(["ALL"]);
    expect(values(args, "--security-opt")).toEqual(["no-new-privileges:true"]);
    expect(args).toContain("--read-only");
    expect(args.filter((arg) => /^--(cap-add|privileged|publish|device|pid$|userns)/.test(arg))).toEqual([]);
  });

  test("has limits", () => {
    for (const option of ["--memory", "--memory-swap", "--cpus", "--pids-limit"]) {
      expect(values(args, option)).toEqual([expect.stringMatching(/^[1-9]|^0\.\d/)]);
    }
  });

  test("has the label of a container that no state knows", () => {
    expect(values(args, "--label")).toEqual([
      "io.rampart.component=job",
      "io.rampart.ephemeral=true",
      "io.rampart.name=postgres-upgrade",
      "io.rampart.stack=prod",
    ]);
  });
});

test("each container of an upgrade has the network, the user and the volumes of its part, and no others", () => {
  const parts = CONTAINERS.map(([what, args]) => [
    what,
    values(args, "--network").join(),
    values(args, "--user").join(),
    ...values(args, "--volume"),
  ]);
  const secrets = "shop-postgres-secrets:/run/secrets:ro,nocopy";
  const data = "shop-postgres-data-17:/var/lib/postgresql/data";
  expect(parts).toEqual([
    ["that tells its version", "none", "65534:65534"],
    ["with the new version's programs", "container:c0ffee", "70:70", "shop-dump:/tmp", secrets],
    ["of the new server", "none", "70:70", "shop-dump:/tmp", data, secrets],
    ["that marks the volume", "none", "70:70", data],
  ]);
});

test("the new server stays until its exit code is read; the others go when they end", () => {
  expect(CONTAINERS.filter(([, args]) => !args.includes("--rm")).map(([what]) => what)).toEqual(["of the new server"]);
  expect(values(of("of the new server"), "--memory")).toEqual(["768m"]);
});
