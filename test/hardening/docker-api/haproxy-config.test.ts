import { renderHaproxyConfig } from "../../../hardening/docker-api/haproxy-config";
import { TRAEFIK } from "../../../hardening/docker-api/permissions";
import { REFUSAL_REASONS } from "../../../hardening/docker-api/refusal-reasons";
import { CLI_CREATE, GOOD_CREATE, HARMFUL } from "./bodies";
import { describeWith } from "../../programs";
import { request, startProxy } from "./support";
import type { Proxy } from "./support";

describe("renderHaproxyConfig", () => {
  const config = renderHaproxyConfig({ consumer: "edge", permissions: TRAEFIK });

  test("names the consumer, listens, and ends in a refusal of what was not named", () => {
    expect(config).toContain("bind *:2375 proto h1");
    expect(config).toContain("consumer=edge");
    expect(config).toContain("server engine unix@/var/run/docker.sock check");
    expect(config).toContain(
      "set-var(txn.rule) str(not-permitted) if !{ var(txn.rule) -m found } !{ var(txn.permission) -m found }",
    );
  });

  test("a reader's configuration has no rule for any other method", () => {
    expect(config).not.toMatch(/method (?:POST|PUT|DELETE)/);
    expect(config).not.toContain("wait-for-body");
  });

  test("does not depend on the order or repetition of the permissions", () => {
    expect(renderHaproxyConfig({ consumer: "edge", permissions: [...TRAEFIK, ...TRAEFIK].reverse() })).toBe(config);
  });

  test("the texts of the refusals fit HAProxy's arguments", () => {
    for (const { fix, pattern, rule } of REFUSAL_REASONS) {
      expect(fix).not.toMatch(/[,'"()%]/);
      expect(pattern).not.toContain("'");
      expect(rule).toMatch(/^[a-z-]+$/);
    }
  });

  test.each([
    [{ consumer: "a'b" }, 'docker API proxy: consumer: given "a\'b"; allowed: lower-case letters, digits and hyphens'],
    [
      { socketPath: "relative" },
      'docker API proxy: socketPath: given "relative"; allowed: an absolute path without spaces',
    ],
    [{ listenAddress: "0.0.0.0 x" }, 'docker API proxy: listenAddress: given "0.0.0.0 x"; allowed: an address or *'],
    [
      { volumePrefix: "beef" },
      'docker API proxy: volumePrefix: given "beef"; allowed: ' +
        'lower-case letters, digits, "_", "." and "-", with one that no id has (g to z, "_", "." or "-")',
    ],
  ])("refuses %j", (change, message) => {
    expect(() => renderHaproxyConfig({ consumer: "edge", permissions: TRAEFIK, ...change })).toThrow(message);
  });
});

describeWith("haproxy")("a real HAProxy for a worker", () => {
  let proxy: Proxy;
  const create = (body: string | Buffer, headers = {}, target = "/v1.41/containers/create?name=x"): Buffer =>
    request("POST", target, body, headers);

  beforeAll(async () => {
    proxy = await startProxy({
      consumer: "worker",
      permissions: [
        "HEAD /_ping",
        "GET /_ping",
        "GET /events",
        "GET /containers/json",
        "GET /containers/{id}/json",
        "POST /containers/create",
        "POST /containers/{id}/start",
        "POST /containers/{id}/stop",
        "DELETE /containers/{id}",
        "POST /containers/{id}/exec",
        "POST /exec/{id}/start",
        "POST /containers/{id}/attach",
        "POST /build",
        "POST /images/create",
        "GET /images/{name}/json",
        "POST /networks/create",
        "POST /volumes/create",
      ],
    });
  });
  afterAll(() => proxy.stop());
  beforeEach(() => proxy.recorded.splice(0));

  const refused = async (bytes: string | Buffer, rule?: string): Promise<void> => {
    const before = proxy.log().length;
    const answer = await proxy.raw(bytes);
    expect(proxy.recorded).toEqual([]);
    if (rule === undefined) {
      expect([0, 400, 403, 408, 413, 501]).toContain(answer.status);
      return;
    }
    expect(`${answer.status} ${answer.body}`).toContain(`(rule ${rule};`);
    expect(answer.status).toBe(403);
    expect(() => JSON.parse(answer.body) as unknown).not.toThrow();
    for (let wait = 0; wait < 50 && proxy.log().length === before; wait += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(proxy.log().slice(before)).toMatch(
      new RegExp(`^refused consumer=worker method=\\S+ path=\\S+ rule=${rule} `, "m"),
    );
  };
  const allowed = async (bytes: string | Buffer, status = 200): Promise<void> => {
    const answer = await proxy.raw(bytes);
    expect(`${answer.status} ${answer.body}`).toMatch(new RegExp(`^${status} `));
    expect(proxy.recorded).toHaveLength(1);
  };

  test.each([
    ["HEAD", "/_ping"],
    ["GET", "/v1.50/_ping"],
    ["GET", "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%22%5D%7D"],
    ["GET", "/v1.41/containers/json"],
    ["GET", "/v1.41/containers/my-app_1.2/json"],
    ["GET", "/images/127.0.0.1:5000/a/b:1.0/json"],
    ["DELETE", "/containers/abc?force=1"],
  ])("passes %s %s", (method, target) => allowed(request(method, target)));

  test.each([
    ["start, as the CLI sends it", request("POST", "/containers/abc/start", undefined, { "Content-Length": "0" })],
    ["start, as dockerode sends it", request("POST", "/containers/abc/start", "{}")],
    ["stop", request("POST", "/v1.41/containers/abc/stop?t=1", '{"t":1}')],
    ["exec", request("POST", "/containers/abc/exec", '{"Cmd":["sh"],"AttachStdout":true}')],
    ["exec start", request("POST", "/exec/abc/start", '{"Detach":false,"Tty":false}')],
    [
      "a chunked build",
      request("POST", "/build?t=x&version=1", undefined, {
        "Content-Type": "application/x-tar",
        "Transfer-Encoding": "chunked",
      }).toString() + "3\r\ntar\r\n0\r\n\r\n",
    ],
    ["pull", request("POST", "/images/create?fromImage=alpine&tag=3", undefined, { "Content-Length": "0" })],
    ["a network", request("POST", "/networks/create", '{"Name":"x","Driver":"bridge"}')],
    ["a volume", request("POST", "/volumes/create", '{"Name":"x"}')],
  ])("passes %s", (_name, bytes) => allowed(bytes));

  test.each(GOOD_CREATE)("passes a creation: %s", async (_name, body) => {
    await allowed(create(body));
    expect(proxy.recorded[0]?.body).toBe(Buffer.from(body, "utf8").toString("latin1"));
  });

  test("passes an attach as an upgraded connection", async () => {
    const answer = await proxy.raw(
      request("POST", "/containers/abc/attach?stream=1", undefined, {
        "Content-Length": "0",
        Connection: "Upgrade",
        Upgrade: "tcp",
      }),
    );
    expect(answer).toEqual({ status: 101, body: "stream" });
  });

  test("passes many members: the expression keeps no state for each", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`label-${index}`, "v\n"]));
    await allowed(
      create(JSON.stringify({ Image: "a", Env: Array.from({ length: 1_500 }, () => "A=b"), Labels: many })),
    );
  });

  test("passes a body of 48 KiB and refuses one byte more", async () => {
    const body = (size: number): string => `{"Image":"a","Env":["${"x".repeat(size - 24)}"]}`;
    await allowed(create(body(49_152)));
    proxy.recorded.splice(0);
    await refused(create(body(49_153)), "body-size");
  });

  test.each(HARMFUL)("refuses %s: %s %s", (rule, key, value) =>
    refused(create(`{"Image":"a","HostConfig":{"${key}":${value}}}`), rule),
  );

  test.each([
    ["letter case", '{"Image":"a","hostconfig":{"PRIVILEGED":true}}', "privileged"],
    ["split lines", '{"Image":"a","HostConfig":{\n"Privileged"\n:\r\n\ttrue}}', "privileged"],
    ["escaped key", '{"Image":"a","HostConfig":{"\\u0050rivileged":true}}', "body"],
    ["the long s", '{"Image":"a","HostConfig":{"Bindſ":["/:/h"]}}', "body"],
    ["the Kelvin sign", '{"Image":"a","HostConfig":{"Networ\u212aMode":"host"}}', "body"],
    ["the last of two", '{"Image":"a","HostConfig":{"Privileged":false,"Privileged":true}}', "privileged"],
    ["beside HostConfig", '{"Image":"a","Privileged":true}', "privileged"],
    ["two documents", '{"Image":"a"} {"HostConfig":{"Privileged":true}}', "privileged"],
    ["a reserved label", '{"Image":"a","Labels":{"io.rampart.stack":"prod"}}', "reserved-label"],
    ["not JSON", "Image=a", "body"],
    ["empty", "", "body"],
  ])("refuses a creation: %s", (_name, body, rule) => refused(create(body), rule));

  test.each([
    ["UTF-16", Buffer.from('{"Image":"a"}', "utf16le")],
    [
      "an invalid byte outside of a string",
      Buffer.concat([Buffer.from('{"Image"'), Buffer.from([0xff]), Buffer.from(':"a"}')]),
    ],
  ])("refuses a creation: %s", (_name, body) => refused(create(body), "body"));

  const good = '{"Image":"a"}';
  const bad = '{"Image":"a","HostConfig":{"Privileged":true}}';
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const chunked = (...parts: string[]): string =>
    request("POST", "/containers/create", undefined, {
      "Content-Type": "application/json",
      "Transfer-Encoding": "chunked",
    }).toString() +
    parts.map(chunk).join("") +
    chunk("");

  test.each([
    ["chunked", chunked(bad), "chunked"],
    ["chunked, though harmless", chunked(good), "chunked"],
    ["chunked past the buffer", chunked(...Array.from({ length: 20 }, () => " ".repeat(8_000)), bad), "chunked"],
    ["larger than the buffer", create(" ".repeat(200_000) + bad), "body-size"],
    ["a form", create("remote=x", { "Content-Type": "application/x-www-form-urlencoded" }), "content-type"],
    ["text", create(good, { "Content-Type": "text/plain" }), "content-type"],
    ["two content types", create(good, { "content-type": "text/plain" }), "duplicate-header"],
    [
      "no content type",
      request("POST", "/containers/create", undefined, { "Content-Length": "13" }).toString() + good,
      "content-type",
    ],
    [
      "no length",
      request("POST", "/containers/create", undefined, { "Content-Type": "application/json" }),
      "no-length",
    ],
    ["an encoded body", create(good, { "Content-Encoding": "gzip" }), "content-encoding"],
    ["an API older than 1.24", create(good, {}, "/v1.23/containers/create"), "not-permitted"],
    ["a HostConfig at start", request("POST", "/containers/abc/start", '{"Privileged":true}'), "privileged"],
    ["a HostConfig at start of an older API", request("POST", "/v1.23/containers/abc/start", "{}"), "not-permitted"],
    ["a privileged exec", request("POST", "/containers/abc/exec", '{"Cmd":["sh"],"Privileged":true}'), "privileged"],
    [
      "a volume that is the host's root",
      request("POST", "/volumes/create", '{"Name":"x","DriverOpts":{"type":"none","o":"bind","device":"/"}}'),
      "driver-options",
    ],
    ["a macvlan network", request("POST", "/networks/create", '{"Name":"x","Driver":"macvlan"}'), "network-driver"],
    [
      "a build from a URL",
      request("POST", "/build?remote=http://10.0.0.1/", "x", { "Content-Type": "application/x-tar" }),
      "query",
    ],
    [
      "a build on the host's network",
      request("POST", "/build?networkmode=host", "x", { "Content-Type": "application/x-tar" }),
      "query",
    ],
    [
      "a build whose form says remote",
      request("POST", "/build", "remote=http://10.0.0.1/", { "Content-Type": "application/x-www-form-urlencoded" }),
      "content-type",
    ],
    [
      "an import from a URL",
      request("POST", "/images/create?fromSrc=http://10.0.0.1/", undefined, { "Content-Length": "0" }),
      "query",
    ],
    ["a GET with a body", request("GET", "/containers/json", "{}"), "unexpected-body"],
    [
      "another upgrade of attach",
      request("POST", "/containers/abc/attach", undefined, {
        "Content-Length": "0",
        Connection: "Upgrade",
        Upgrade: "other",
      }),
      "upgrade",
    ],
    [
      "an upgrade of a list",
      request("GET", "/containers/json", undefined, { Connection: "Upgrade", Upgrade: "tcp" }),
      "upgrade",
    ],
  ])("refuses %s", (_name, bytes, rule) => refused(bytes, rule));

  test.each([
    ["GET", "/containers/abc/archive?path=/etc"],
    ["PUT", "/containers/abc/archive?path=/"],
    ["GET", "/containers/abc/export"],
    ["GET", "/containers/abc/logs"],
    ["GET", "/containers/abc/attach/ws"],
    ["GET", "/secrets"],
    ["GET", "/configs"],
    ["GET", "/swarm"],
    ["POST", "/swarm/init"],
    ["GET", "/plugins"],
    ["POST", "/commit?container=abc"],
    ["POST", "/session"],
    ["POST", "/grpc"],
    ["GET", "/nodes"],
    ["GET", "/services"],
    ["GET", "/tasks"],
    ["GET", "/info"],
    ["POST", "/auth"],
    ["GET", "/images/json"],
    ["HEAD", "/containers/json"],
    ["get", "/containers/json"],
    ["OPTIONS", "/containers/json"],
    ["PATCH", "/containers/json"],
    ["POST", "/containers/json"],
    ["DELETE", "/containers/json/"],
    ["GET", "/containers/json/"],
    ["GET", "/Containers/json"],
    ["GET", "/containers/json/x"],
    ["GET", "/v1.41/v1.41/containers/json"],
    ["GET", "/v2/containers/json"],
    ["GET", "/v1/containers/json"],
    ["GET", "/v1.411/containers/json"],
    ["GET", "/containers/a/b/json"],
    ["GET", "/containers//json"],
    ["GET", "//containers/json"],
    ["GET", "/./containers/json"],
    ["GET", "/containers/../secrets"],
    ["GET", "/containers/x/../../secrets/json"],
    ["GET", "/images/../secrets/json"],
    ["GET", "/%63ontainers/json"],
    ["GET", "/containers%2fjson"],
    ["GET", "/containers/json%00"],
    ["GET", "/containers/json;x=1"],
    ["GET", "/containers/json?a=1;b=2"],
    ["GET", "/containers/json#x"],
    ["GET", "/containers\\json"],
    ["GET", "http://engine/containers/json"],
    ["GET", "http://engine/secrets"],
    ["CONNECT", "engine:80"],
    ["OPTIONS", "*"],
  ])("refuses %s %s", (method, target) => refused(request(method, target)));

  test.each([
    [
      "HTTP/1.0 with a harmful body",
      `POST /containers/create HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: ${bad.length}\r\n` +
        `\r\n${bad}`,
    ],
    ["HTTP/0.9", "GET /secrets\r\n\r\n"],
    ["HTTP/2 from its preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    [
      "two lengths",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
        `Content-Length: ${good.length}\r\nContent-Length: ${bad.length}\r\n\r\n${bad}`,
    ],
    [
      "a length with a sign",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
        `Content-Length: +${bad.length}\r\n\r\n${bad}`,
    ],
    [
      "length and chunks",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4\r\n" +
        `Transfer-Encoding: chunked\r\n\r\n${chunk(bad)}0\r\n\r\n`,
    ],
    [
      "an unknown transfer encoding",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
        `Transfer-Encoding: identity\r\nContent-Length: ${bad.length}\r\n\r\n${bad}`,
    ],
    [
      "a folded header",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding:\r\n" +
        ` chunked\r\n\r\n${chunk(bad)}0\r\n\r\n`,
    ],
    [
      "a space before the colon",
      "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" +
        `Transfer-Encoding : chunked\r\n\r\n${chunk(bad)}0\r\n\r\n`,
    ],
  ])("refuses %s", (_name, bytes) => refused(bytes));

  test("an upgrade that comes with a body never reaches the engine as one", async () => {
    // HAProxy before 3.1 drops the header itself; later ones leave it to our rule.
    const answer = await proxy.raw(create(good, { Connection: "Upgrade", Upgrade: "h2c" }));
    expect([200, 403]).toContain(answer.status);
  });

  test("a request behind another on the same connection is judged for itself", async () => {
    const first = create(good).toString().replace("Connection: close\r\n", "");
    await proxy.raw(first + create(bad).toString());
    expect(proxy.recorded.map(({ body }) => body)).toEqual([good]);
  });

  test("counts the refusals and logs what was allowed", async () => {
    const denied = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${proxy.healthPort}/stats;csv`);
      const [head = "", ...rows] = (await response.text()).split("\n");
      const row = rows.find((line) => line.startsWith("docker-api,FRONTEND,"));
      return Number(row?.split(",")[head.split(",").indexOf("dreq")]);
    };
    const before = await denied();
    await refused(request("GET", "/secrets"), "not-permitted");
    expect(await denied()).toBe(before + 1);
    await allowed(create(CLI_CREATE));
    expect(proxy.log()).toContain(
      'allowed consumer=worker method=POST path=/v1.41/containers/create rule=- permission="POST ' +
        '/containers/create" status=200',
    );
    expect((await fetch(`http://127.0.0.1:${proxy.healthPort}/metrics`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${proxy.healthPort}/containers/json`)).status).toBe(403);
  });
});
