import * as pulumi from "@pulumi/pulumi";
import { Secrets } from "../../components";
import { record } from "./support";

describe("Secrets", () => {
  test("makes a password of 32 letters and digits, once for a key", async () => {
    const recording = await record(() => {
      const secrets = new Secrets("rampart-dev-secrets");
      expect(secrets.password("postgres")).toBe(secrets.password("postgres"));
    });
    expect(recording.ofType("RandomPassword")).toEqual([
      expect.objectContaining({
        name: "rampart-dev-secrets-postgres",
        parent: "rampart-dev-secrets",
        inputs: { length: 32, special: false },
      }),
    ]);
  });

  test("makes another password for another rotation key, and has no keepers without one", async () => {
    const recording = await record(() => {
      const secrets = new Secrets("s");
      secrets.password("a", { rotation: "2026-11-24/" });
      secrets.password("b", { length: 40 });
    });
    expect(recording.inputs("RandomPassword s-a")).toEqual({
      length: 32,
      special: false,
      keepers: { rotation: "2026-11-24/" },
    });
    expect(recording.inputs("RandomPassword s-b")).toEqual({ length: 40, special: false });
  });

  test("gives secret outputs only", async () => {
    const found: boolean[] = [];
    await record(async () => {
      pulumi.runtime.setAllConfig({ "rampart:smtpPassword": "from-the-configuration" }, ["rampart:smtpPassword"]);
      const secrets = new Secrets("s");
      for (const output of [
        secrets.password("a"),
        secrets.resolve("JWT_SECRET", "generated"),
        secrets.resolve("SMTP_PASSWORD", { config: "smtpPassword" }),
        secrets.resolve("STRIPE_KEY", { from: { command: ["rampart-test-no-such-program"] } }),
      ])
        found.push(await pulumi.isSecret(output));
    });
    expect(found).toEqual([true, true, true, true]);
  });

  test("shares a generated secret between all that name it, at the length that was asked for", async () => {
    const recording = await record(() => {
      const secrets = new Secrets("rampart-dev-secrets");
      expect(secrets.resolve("JWT_SECRET", "generated")).toBe(secrets.resolve("JWT_SECRET", "generated"));
      secrets.resolve("SESSION_KEY", { generated: 64 });
    });
    expect(recording.ofType("RandomPassword").map(({ name, inputs }) => [name, inputs["length"]])).toEqual([
      ["rampart-dev-secrets-secret-jwt-secret", 48],
      ["rampart-dev-secrets-secret-session-key", 64],
    ]);
  });

  test("never lets a service's secret meet one of Rampart's own", async () => {
    const recording = await record(() => {
      const secrets = new Secrets("s");
      secrets.password("postgres");
      secrets.resolve("POSTGRES", "generated");
    });
    expect(recording.ofType("RandomPassword").map(({ name }) => name)).toEqual(["s-postgres", "s-secret-postgres"]);
  });

  test("takes a secret from the configuration without making one", async () => {
    pulumi.runtime.setAllConfig({ "rampart:smtpPassword": "from-the-configuration" }, ["rampart:smtpPassword"]);
    const recording = await record(() => new Secrets("s").resolve("SMTP_PASSWORD", { config: "smtpPassword" }));
    expect(recording.names).toEqual(["Secrets s"]);
  });
});
