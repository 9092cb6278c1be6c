import { imageReferences, monitoringOf, sendsAlerts } from "../../../config";
import { faultsOf, load } from "../support";

const URL = "https://hooks.acme.com/services/T0/B0";
const hook = { webhook: { config: "alertUrl" } };
const options = { secretKeys: ["jwtSecret", "alertUrl", "token"] };
const of = (monitoring: unknown, more: Record<string, unknown> = { alertUrl: URL }) =>
  faultsOf({ monitoring, ...more }, options);

test("off by default; true shows alerts only, for 15 days", () => {
  expect(monitoringOf(load({}))).toBeUndefined();
  const shown = load({ monitoring: true });
  expect(monitoringOf(shown)).toEqual({ retentionDays: 15, resources: { memoryMiB: 160, cpus: 0.5, pids: 96 } });
  expect(sendsAlerts(shown)).toBe(false);
});

test("images of monitoring are pulled where it is on", () => {
  const monitored = (config: Parameters<typeof imageReferences>[0]): string[] =>
    imageReferences(config).filter((one) => one.includes("prom"));
  expect(monitored(load({}))).toEqual([]);
  expect(monitored(load({ monitoring: true }))).toHaveLength(4);
});

test.each([
  ["a webhook", hook],
  ["ntfy", { ntfy: { url: { config: "alertUrl" } } }],
  ["e-mail", { email: { to: ["ops@acme.com"], from: "a@acme.com", server: "smtp.acme.com:587" } }],
])("%s is told", (_, monitoring) => {
  const secrets = "email" in monitoring ? {} : { alertUrl: URL };
  expect(sendsAlerts(load({ monitoring, ...secrets }, options))).toBe(true);
});

test("a receiver's URL in clear text is refused, without showing it", () => {
  const faults = faultsOf({ monitoring: hook, alertUrl: URL });
  expect(faults).toMatchObject([{ path: "rampart:monitoring.webhook", given: "rampart:alertUrl in clear text" }]);
  expect(JSON.stringify(faults)).not.toContain("hooks.acme.com");
});

test("a key that is not set", () => {
  expect(of(hook, {})).toMatchObject([{ given: "the key rampart:alertUrl, which is not set" }]);
});

test.each(["not a URL of any kind at all", "ftp://hooks.acme.com/services"])("%s is no receiver", (alertUrl) => {
  expect(of(hook, { alertUrl })).toEqual([
    {
      path: "rampart:monitoring.webhook",
      given: "rampart:alertUrl, whose value (hidden) is no such URL",
      allowed: expect.stringMatching(/^a URL with https/) as string,
      fix: "`pulumi config set --secret rampart:alertUrl` with the receiver's URL",
    },
  ]);
});

test("a user without a password", () => {
  const email = { to: ["ops@acme.com"], from: "a@acme.com", server: "smtp.acme.com:587", username: "a" };
  expect(of({ email }, {})).toMatchObject([
    { path: "rampart:monitoring.email", allowed: "username and password, or neither" },
  ]);
});

test.each([
  [{ email: { to: ["ops"], from: "a@acme.com", server: "smtp.acme.com:587" } }, "an e-mail address"],
  [
    { email: { to: ["ops@acme.com"], from: "a@acme.com", server: "smtp.acme.com" } },
    "a host and a port of mail (25, 465, 587, 2525), such as smtp.your-company.com:587",
  ],
  [{ retentionDays: 0 }, "at least 1"],
])("%j", (monitoring, allowed) => {
  expect(of(monitoring, {})).toMatchObject([{ allowed }]);
});

test("a service may not have the name of a container of monitoring", () => {
  const service = { image: `app:1@sha256:${"a1".repeat(32)}`, port: 3000 };
  expect(faultsOf({ services: { prometheus: service }, monitoring: true, jwtSecret: undefined })).toMatchObject([
    { given: 'the name "prometheus"' },
  ]);
  expect(faultsOf({ services: { prometheus: service }, jwtSecret: undefined })).toEqual([]);
});
