import { findsSecrets, namedSecrets, ownSecrets } from "../../../verify/probes/secrets/own";
import { leaks, needlesOf, withoutArguments } from "../../../verify/probes/secrets/search";
import type { StateResource } from "../../../verify/state";
import { state } from "../support";

const VALUE = "9c6nfPC51EP3jNx0abcdefghijklmnop";
const needles = [needlesOf({ name: "redis-api", value: VALUE })];
const found = (text: string, own: readonly string[] = []): string[] => leaks([{ where: "a log", text, own }], needles);

describe("the search", () => {
  test.each([
    ["by itself", VALUE],
    ["in a URL", `redis://api:${VALUE}@redis:6379/0`],
  ])("finds a value %s", (_, text) => {
    expect(found(`before ${text} after`)).toEqual(["redis-api in clear in a log"]);
  });

  test.each(["", "a", "ab", "user:", "user:x", "user:xy"])(
    "finds it in base64 after '%s', and whatever follows",
    (before) => {
      for (const after of ["", "a", "ab"])
        expect(found(Buffer.from(`${before}${VALUE}${after}`).toString("base64"))).toEqual([
          "redis-api in base64 in a log",
        ]);
    },
  );

  test("finds a value of several lines in JSON", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEG\n-----END PRIVATE KEY-----\n";
    expect(leaks([{ where: "x", text: JSON.stringify({ key }) }], [needlesOf({ name: "key", value: key })])).toEqual([
      "key in clear in x",
    ]);
  });

  test("finds nothing else, names each once, and never the value", () => {
    expect(found(`${VALUE.slice(1)} other`)).toEqual([]);
    const twice = found(`${VALUE} ${VALUE}`);
    expect(twice).toHaveLength(1);
    expect(twice.join()).not.toContain(VALUE);
  });

  test("leaves a container what is its own, also as a part of a file", () => {
    expect(found(VALUE, [`redis://api:${VALUE}@redis`])).toEqual([]);
    expect(found(VALUE, ["another"])).toHaveLength(1);
  });

  test("passes over a verifier with its salt", () => {
    const salt = Buffer.from("sixteen bytes ok").toString("base64");
    const text = `ALTER ROLE x PASSWORD 'SCRAM-SHA-256$4096:${salt}$AbC=:DeF='`;
    const salts = [needlesOf({ name: "salt", value: salt })];
    expect(leaks([{ where: "x", text }], salts)).toEqual([]);
    expect(leaks([{ where: "x", text: salt }], salts)).toHaveLength(1);
  });

  test("tells environments from arguments", () => {
    expect(withoutArguments("PID COMMAND\n  1 sleep 5 A=b C=d\n  2 new X=y", "PID COMMAND\n  1 sleep 5\n")).toBe(
      "\n A=b C=d\n  2 new X=y",
    );
  });
});

describe("whose secrets are whose", () => {
  const container = (
    id: string,
    component: string,
    volumes: readonly (readonly [string, string])[],
  ): StateResource => ({
    id,
    type: "docker:index/container:Container",
    name: id,
    inputs: {
      labels: [{ label: "io.rampart.component", value: component }],
      volumes: volumes.map(([volumeName, containerPath]) => ({ volumeName, containerPath })),
    },
  });
  const known = state({
    resources: [
      container("api-carrier", "carrier", [["api-secrets", "/files"]]),
      container("web-carrier", "carrier", [["web-secrets", "/files"]]),
      container("api", "service", [["api-secrets", "/run/secrets"]]),
      container("edge", "edge", [["edge-config", "/etc/rampart"]]),
      { id: "p", type: "random:index/randomPassword:RandomPassword", name: "jwt", inputs: {} },
    ],
    secrets: ["jwt-value", "web-value"],
    holders: { "api-carrier": ["jwt-value"], "web-carrier": ["web-value"], jwt: ["jwt-value"] },
  });

  test("a container is given what the carriers put into its own volumes", () => {
    const own = ownSecrets(known);
    expect([own.get("api"), own.get("edge"), own.get("a stranger")]).toEqual([["jwt-value"], [], undefined]);
    expect([...findsSecrets(known)]).toEqual(["api"]);
  });

  test("a secret is called as its generated password is, else as who holds it", () => {
    expect(namedSecrets(known).map(({ name }) => name)).toEqual(["jwt", "web-carrier"]);
  });
});
