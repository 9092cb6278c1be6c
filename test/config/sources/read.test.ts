import { readSources, sourceId, UNKNOWN_SECRET, type SourcedSecret } from "../../../config/sources/read";
import type { CommandLine } from "../../../config/sources/arguments";
import type { Reading } from "../../../config/sources/run";

const GOOD = "q7Zk3v9QmX7Lr2Wp8Tn5Yc1Hb6Dj4Fs0Ga";
const SOPS = { sops: "secrets/prod.enc.yaml", key: "stripe.key" } as const;

const secret = (from: SourcedSecret["from"] = SOPS, name = "STRIPE_KEY"): SourcedSecret => ({
  name,
  path: ["services", "api", "secrets", name],
  from,
});

function read(secrets: readonly SourcedSecret[], reading: Reading, deploys = true) {
  const asked: CommandLine[] = [];
  const run = (command: CommandLine): Reading => {
    asked.push(command);
    return reading;
  };
  return { asked, ...readSources(secrets, run, deploys) };
}

test("a source that two services name is read once", () => {
  const { asked, values, faults } = read([secret(), secret(SOPS, "STRIPE_SECRET")], { kind: "value", value: GOOD });
  expect(asked).toHaveLength(1);
  expect(faults).toEqual([]);
  expect([...values]).toEqual([[sourceId(SOPS), GOOD]]);
});

test("a value that nobody should use is refused, and never shown", () => {
  const faultOf = (value: string, name = "STRIPE_KEY") =>
    read([secret(SOPS, name)], { kind: "value", value }).faults[0];
  expect(faultOf("changeme-please")).toEqual({
    path: "rampart:services.api.secrets.STRIPE_KEY",
    given:
      '`sops --decrypt --extract "[\\"stripe\\"][\\"key\\"]" secrets/prod.enc.yaml`, ' +
      "which printed a placeholder of 15 characters (hidden)",
    allowed: "a value that nobody can guess",
    fix: "put a better value at its source, such as one that `openssl rand -base64 48` makes",
  });
  expect(faultOf("q7Zk3v9")?.allowed).toBe("at least 8 characters");
  expect(faultOf("q7Zk3v9QmX7Lr2Wp", "JWT_SECRET")?.allowed).toBe("at least 32 characters");
});

test("a program that is missing stops a deployment, and not a preview", () => {
  const deployment = read([secret()], { kind: "missing" });
  expect(deployment.faults).toEqual([
    {
      path: "rampart:services.api.secrets.STRIPE_KEY",
      given: "`sops`, which is not installed on this machine",
      allowed: "a program that PATH, or the path in the stack's file, leads to",
      fix: "install SOPS (https://getsops.io), then run the command again",
    },
  ]);
  const preview = read([secret()], { kind: "missing" }, false);
  expect(preview.faults).toEqual([]);
  expect(preview.values.get(sourceId(SOPS))).toBe(UNKNOWN_SECRET);
  expect(preview.warnings).toEqual([
    "rampart:services.api.secrets.STRIPE_KEY: `sops` is not installed here, so this preview cannot tell whether the " +
      "secret has changed. To have it told, install SOPS (https://getsops.io).",
  ]);
});

test("a program that fails stops both, once for each secret that wants it", () => {
  for (const deploys of [true, false]) {
    const { faults, warnings } = read(
      [secret(), secret(SOPS, "OTHER_KEY")],
      { kind: "failed", why: "ended with 128: no key" },
      deploys,
    );
    expect(faults.map(({ path }) => path)).toEqual([
      "rampart:services.api.secrets.STRIPE_KEY",
      "rampart:services.api.secrets.OTHER_KEY",
    ]);
    expect(faults[0]?.given).toMatch(/^`sops .*`, which ended with 128: no key$/);
    expect(warnings).toEqual([]);
  }
});

test("Infisical's word for a secret that is not there is none", () => {
  const from = { infisical: "STRIPE_KEY", environment: "prod", path: "/" } as const;
  const { faults, values } = read([secret(from)], { kind: "value", value: "*not found*" });
  expect(faults[0]?.given).toMatch(/which found no such secret$/);
  expect(values.size).toBe(0);
});

test("a value that its issuer forms is taken as it is", () =>
  expect(read([{ ...secret(), anyForm: true }], { kind: "value", value: "abc" }).faults).toEqual([]));
