import {
  accessUsers,
  imageReferences,
  ownOrigins,
  routeHosts,
  sendsLogs,
  sinkOf,
  sinkPlace,
  surfaceRoute,
} from "../../../config";
import { faultsOf, load } from "../support";

const LOKI = { url: "https://logs.acme.com/loki/api/v1/push" };
const options = { secretKeys: ["jwtSecret", "token"] };
const of = (logging: unknown, more: Record<string, unknown> = {}) => faultsOf({ logging, ...more }, options);
const sink = (one: unknown) => of({ sink: one });

test("there is none by default", () => {
  const config = load({});
  expect(sinkOf(config)).toBeUndefined();
  expect(sendsLogs(config)).toBe(false);
  expect(imageReferences(config).filter((one) => one.includes("victoria"))).toEqual([]);
});

test.each([["builtin"], [{ builtin: {} }]])("%j keeps lines on this host, for 30 days", (one) => {
  const config = load({ logging: { sink: one } });
  expect(sinkOf(config)).toEqual({
    kind: "builtin",
    retentionDays: 30,
    maxDiskMiB: 2048,
    protect: true,
    resources: { memoryMiB: 128, cpus: 0.5, pids: 96 },
  });
  expect(sendsLogs(config)).toBe(false);
  expect(imageReferences(config).filter((one_) => one_.includes("victoria"))).toHaveLength(1);
});

test.each([
  [{ loki: LOKI }, "Loki at https://logs.acme.com/loki/api/v1/push"],
  [{ otlp: { url: "https://otel.acme.com:4318/v1/logs" } }, "OTLP at https://otel.acme.com:4318/v1/logs"],
  [{ syslog: { server: "logs.acme.com:6514" } }, "syslog at logs.acme.com:6514 over TLS"],
  [
    { fluentd: { server: "10.0.0.9:24224", tls: false, reason: "over the VPN of the office" } },
    "fluentd at 10.0.0.9:24224 in clear",
  ],
])("%j is sent elsewhere", (one, place) => {
  const config = load({ logging: { sink: one } });
  const found = sinkOf(config);
  expect(found && sinkPlace(found)).toBe(place);
  expect(sendsLogs(config)).toBe(true);
});

test.each([
  ["none", "days only with logging.sink: builtin; an engine rotates its files by size"],
  [{ loki: LOKI }, "days only with logging.sink: builtin; how long another sink keeps lines is its own matter"],
])("days with %j", (one, allowed) => {
  expect(of({ retentionDays: 30, sink: one })).toMatchObject([
    { path: "rampart:logging.retentionDays", given: "30", allowed },
  ]);
  expect(of({ retentionDays: 30, sink: "builtin" })).toEqual([]);
});

test.each([
  ["elastic", "logging.sink"],
  [{}, "logging.sink"],
  [{ builtin: {}, loki: LOKI }, "logging.sink"],
])("%j is none, or more than one", (one, path) => {
  expect(sink(one)).toMatchObject([{ path: `rampart:${path}` }]);
});

test.each([
  [{ syslog: { server: "logs.acme.com" } }, "logging.sink.syslog.server", "a host and a port, such as"],
  [{ syslog: { server: "10.0.0.9:6514" } }, "logging.sink.syslog", "a host name, where there is TLS"],
  [{ syslog: { server: "logs.acme.com:514", tls: false } }, "logging.sink.syslog", "TLS, or a reason"],
  [{ loki: { url: "http://logs.acme.com/loki/api/v1/push" } }, "logging.sink.loki", "TLS, or a reason"],
  [{ loki: { url: "https://logs.acme.com" } }, "logging.sink.loki.url", "a URL with https, a host name and a path"],
  [{ otlp: { url: "https://u:p@otel.acme.com/v1/logs" } }, "logging.sink.otlp.url", "a URL with https"],
  [{ otlp: { url: "https://10.0.0.9/v1/logs" } }, "logging.sink.otlp", "a host name, where there is TLS"],
])("%j is refused", (one, path, allowed) => {
  expect(sink(one)).toMatchObject([{ path: `rampart:${path}`, allowed: expect.stringContaining(allowed) as string }]);
});

test("a URL's own secret is not shown", () => {
  expect(JSON.stringify(sink({ otlp: { url: "https://user:hunter2secret@otel.acme.com/v1/logs" } }))).not.toContain(
    "hunter2secret",
  );
});

test("headers are secrets of the configuration, of one line", () => {
  const loki = { loki: { ...LOKI, headers: { Authorization: { config: "token" } } } };
  const path = "rampart:logging.sink.loki.headers.Authorization";
  expect(of({ sink: loki }, { token: "Bearer abc" })).toEqual([]);
  expect(of({ sink: loki })).toMatchObject([{ path, given: "the key rampart:token, which is not set" }]);
  expect(faultsOf({ logging: { sink: loki }, token: "Bearer abc" })).toMatchObject([
    { path, given: "rampart:token in clear text" },
  ]);
  const faults = of({ sink: loki }, { token: "Bearer abc\nX-Other: injected" });
  expect(faults).toMatchObject([{ path, allowed: "one line of printable ASCII" }]);
  expect(JSON.stringify(faults)).not.toContain("injected");
});

describe("a surface", () => {
  const SERVICE = { image: `app:1@sha256:${"a1".repeat(32)}`, port: 3000, routes: [{ host: "app.acme.com" }] };
  const at = "rampart:logging.sink.builtin.surface";
  const opened = (surface: unknown, more: Record<string, unknown> = {}) =>
    of({ sink: { builtin: { surface } } }, { services: { web: SERVICE }, jwtSecret: undefined, ...more });
  const access = { sources: ["10.8.0.0/24"], basicAuth: { users: ["alice"] } };

  test("is closed by default, and leads to what reads where it is open", () => {
    expect(surfaceRoute(load({ logging: { sink: "builtin" } }))).toBeUndefined();
    const config = load({ logging: { sink: { builtin: { surface: { host: "logs.acme.com", access } } } } });
    expect(surfaceRoute(config)).toMatchObject({ host: "logs.acme.com", pathPrefix: "/select", access });
    expect(routeHosts(config)).toContain("logs.acme.com");
    expect(accessUsers(config)).toEqual(["alice"]);
    // Pages of the logs ask no other service's API.
    expect(ownOrigins(config).join()).not.toContain("logs.acme.com");
  });

  test("says who may come", () => {
    expect(opened({ host: "logs.acme.com" })).toMatchObject([{ path: `${at}.access` }]);
    expect(opened({ host: "logs.acme.com", access: { sources: ["10.8.0.0/24"] } })).toMatchObject([
      { path: `${at}.access`, given: "sources only" },
    ]);
  });

  test("has a host of its own", () => {
    expect(opened({ host: "app.acme.com", access })).toMatchObject([
      { path: `${at}.host`, allowed: expect.stringContaining("web has a route of this one") as string },
    ]);
  });

  test("is certified and asked for as every other host", () => {
    expect(opened({ host: "logs.internal", access })).toMatchObject([{ path: `${at}.host` }]);
    const forwardAuth = { service: "sso", path: "/oauth2/auth" };
    expect(opened({ host: "logs.acme.com", access: { sources: ["10.8.0.0/24"], forwardAuth } })).toMatchObject([
      { path: `${at}.access.forwardAuth.service`, fix: "add it under services, or correct the name" },
    ]);
  });
});

test("a service may not have the name of a container of the logs", () => {
  const service = { image: `app:1@sha256:${"a1".repeat(32)}`, port: 3000 };
  const services = { "log-collector": service };
  expect(faultsOf({ services, logging: { sink: "builtin" }, jwtSecret: undefined })).toMatchObject([
    { given: 'the name "log-collector"' },
  ]);
  expect(faultsOf({ services, jwtSecret: undefined })).toEqual([]);
});
