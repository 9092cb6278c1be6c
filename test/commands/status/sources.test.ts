import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { acmeFailures, openFailures } from "../../../commands/status/acme";
import { backupFacts } from "../../../commands/status/backups";
import { edgeCertificates } from "../../../commands/status/certificates";
import { containerFacts, imageSizes } from "../../../commands/shared/containers";
import { routeFacts } from "../../../commands/status/gateway";
import { lastUpdate, stateFacts } from "../../../commands/status/state";
import { authorityCertificate } from "../../../hardening/pki/certificates";
import { FakeDocker } from "../../engine/fake-docker";
import { rampart } from "../support";

const LABELS = {
  "io.rampart.component": "service",
  "io.rampart.name": "api",
  "io.rampart.stack": "prod",
};
const INSPECTED = {
  Id: "0123",
  Name: "/shop-api-1a2b3c4",
  Image: "sha256:aa",
  RestartCount: 1,
  HostConfig: { LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } } },
  Config: { Labels: LABELS, Env: ["PASSWORD=shown-nowhere"] },
  State: {
    Status: "running",
    StartedAt: "2026-11-27T09:00:00Z",
    FinishedAt: "0001-01-01T00:00:00Z",
    ExitCode: 0,
    Health: { Status: "healthy" },
  },
  NetworkSettings: {
    Networks: {
      "shop-internal": { Aliases: ["api"], IPAddress: "10.1.12.7" },
      "shop-proxy": { Aliases: ["api-0123456789", "0123"], IPAddress: "10.1.11.7" },
    },
  },
};

test("a container, as the engine tells of it", () =>
  expect(containerFacts([INSPECTED])).toEqual([
    {
      id: "0123",
      container: "shop-api-1a2b3c4",
      component: "service",
      name: "api",
      state: "running",
      health: "healthy",
      since: "2026-11-27T09:00:00Z",
      restarts: 1,
      outOfMemory: false,
      version: "0123456789",
      imageId: "sha256:aa",
      addresses: ["10.1.12.7", "10.1.11.7"],
      logBytes: 30 * 1024 ** 2,
      ephemeral: false,
    },
  ]));

test.each([
  [{ Type: "json-file", Config: {} }, undefined],
  [{ Type: "json-file", Config: { "max-size": "512k" } }, 512 * 1024],
  [{ Type: "local", Config: { "max-size": "1g", "max-file": "2" } }, 2 * 1024 ** 3],
  [{ Type: "journald", Config: {} }, 0],
  [undefined, undefined],
])("the log %j takes %p", (LogConfig, bytes) =>
  expect(containerFacts([{ ...INSPECTED, HostConfig: { LogConfig } }])[0]?.logBytes).toBe(bytes),
);

test("sizes of images", () => expect(imageSizes([{ Id: "a", Size: 7 }, { Id: "b" }])).toEqual({ a: 7 }));

const SERVERS = `1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state
5 route_api 1 v1 10.1.11.7 2 0
6 route_2-api 1 v1 - 0 0

# pxname,svname,qcur,qmax,scur,smax,slim,stot,hrsp_5xx,
route_api,BACKEND,0,0,3,9,200,1234,7,
route_2-api,BACKEND,0,0,0,0,200,0,0,
clients,BACKEND,0,0,0,0,200,0,0,
`;

test("the gateway's routes, and those without a server", () =>
  expect(routeFacts(SERVERS)).toEqual([
    { route: "2-api", addresses: [], inFlight: 0, requests: 0, failed: 0 },
    { route: "api", addresses: ["10.1.11.7"], inFlight: 3, requests: 1234, failed: 7 },
  ]));

test("the state: what has to run, the images' names, the ends of certificates", () => {
  const labels = Object.entries(LABELS).map(([label, value]) => ({ label, value }));
  const exported = {
    deployment: {
      pending_operations: [{}],
      resources: [
        { type: "pulumi:pulumi:Stack", outputs: { database: { certificateEnd: "2027-10-06T00:00:00.000Z" } } },
        { type: "docker:index/container:Container", id: "0123", urn: "urn:api", inputs: { labels } },
        { type: "docker:index/container:Container", id: "4", urn: "urn:job", inputs: { labels, mustRun: false } },
        { type: "docker:index/container:Container", id: "5", urn: "urn:old", inputs: { labels }, delete: true },
        {
          type: "docker:index/remoteImage:RemoteImage",
          inputs: { name: "app:1@sha256:bb" },
          outputs: { imageId: "sha256:aa" },
        },
      ],
    },
  };
  expect(stateFacts(exported)).toEqual({
    containers: [
      { id: "0123", urn: "urn:api", component: "service", name: "api", runs: true },
      { id: "4", urn: "urn:job", component: "service", name: "api", runs: false },
    ],
    images: { "sha256:aa": "app:1@sha256:bb" },
    pending: 1,
    serversEnd: "2027-10-06T00:00:00.000Z",
  });
});

test("certificates of the edge by their hosts, and one that is none", () => {
  const pem = authorityCertificate({ seed: Buffer.alloc(32, 7).toString("base64"), stackName: "prod" });
  const lines = [
    '          "main": "b.acme.com"',
    `        "certificate": "${Buffer.from(pem).toString("base64")}",`,
    '          "main": "a.acme.com"',
    '        "certificate": "bm90IG9uZQ==",',
  ];
  expect(edgeCertificates(lines.join("\n"))).toEqual([
    { of: "a.acme.com", note: "not readable" },
    { of: "b.acme.com", end: "2046-01-01T00:00:00.000Z" },
  ]);
});

describe("what an ACME server refused", () => {
  const line = (entry: object): string => JSON.stringify({ level: "error", time: "2026-11-27T10:00:00Z", ...entry });
  const renewal = (time: string, error: string): string =>
    line({ time, error, message: "Error renewing ACME certificate: {Main:a.acme.com SANs:[]}" });
  const LOG = [
    renewal("2026-11-26T10:00:00Z", "an older one"),
    line({ message: "Testing certificate renew..." }),
    "no JSON of an ACME certificate",
    renewal("2026-11-27T10:00:00Z", "get directory at 'https://ca/dir': connection\n refused"),
    line({ message: "Error renewing ACME certificate: {c.acme.com [d.acme.com]}" }),
    line({
      domains: ["b.acme.com", "e.acme.com"],
      error: "429",
      message: "Unable to obtain ACME certificate for domains",
    }),
  ].join("\n");

  test("is told once for each certificate, the newest", () =>
    expect(acmeFailures(LOG)).toEqual([
      {
        of: "a.acme.com",
        at: "2026-11-27T10:00:00Z",
        error: "get directory at 'https://ca/dir': connection refused",
        renewal: true,
      },
      { of: "b.acme.com", at: "2026-11-27T10:00:00Z", error: "429", renewal: false },
      { of: "c.acme.com", at: "2026-11-27T10:00:00Z", error: "no reason given", renewal: true },
    ]));

  test("is over once a first certificate came, or a renewal was tried again", () => {
    const open = (log: string): string[] =>
      openFailures(acmeFailures(log), [{ of: "a.acme.com" }, { of: "c.acme.com" }]).map(({ of }) => of);
    expect(open(LOG)).toEqual(["a.acme.com", "b.acme.com", "c.acme.com"]);
    expect(open(`${LOG}\n${line({ message: "Testing certificate renew..." })}`)).toEqual(["b.acme.com"]);
    expect(openFailures(acmeFailures(LOG), [{ of: "b.acme.com" }]).map(({ of }) => of)).not.toContain("b.acme.com");
  });
});

test("the last update is no preview", () =>
  expect(
    lastUpdate([
      { kind: "preview", result: "succeeded" },
      {
        kind: "update",
        result: "failed",
        startTime: "2026-11-27T10:00:00.000Z",
        endTime: "2026-11-27T10:01:00.000Z",
        environment: { "git.head": "0123456789abcdef" },
      },
    ]),
  ).toEqual({ kind: "update", result: "failed", at: "2026-11-27T10:01:00.000Z", commit: "0123456789ab" }));

test("receipts of backups", () => {
  expect(backupFacts("")).toEqual({});
  expect(
    backupFacts(
      'store/good {"epoch":1,"time":"2026-11-27T03:00:00Z","snapshot":"abcd"}\ndrill/result ' +
        '{"ok":true,"time":"2026-11-26T04:00:00Z","error":""}\n',
    ),
  ).toEqual({
    last: { at: "2026-11-27T03:00:00Z", snapshot: "abcd" },
    drill: { at: "2026-11-26T04:00:00Z", ok: true, error: "" },
  });
});

describe("rampart status", () => {
  let docker: FakeDocker;
  let home: string;
  const path = process.env["PATH"];
  beforeEach(() => {
    docker = new FakeDocker();
    home = mkdtempSync(`${tmpdir()}/rampart-status-`);
    process.env["PATH"] = docker.path;
  });
  afterEach(() => {
    process.env["PATH"] = path;
    docker.remove();
    rmSync(home, { recursive: true });
  });
  const status = (...args: string[]) =>
    rampart(["status", "prod", ...args], { PATH: docker.path, HOME: home, DOCKER_HOST: "unix:///run/test.sock" });

  test("only looks, and ends with 1 where something is wrong", async () => {
    docker.answer("ps", { stdout: "0123\n" });
    docker.answer("inspect", { stdout: JSON.stringify([{ ...INSPECTED, State: { Status: "exited", ExitCode: 3 } }]) });
    docker.answer("image", { stdout: JSON.stringify([{ Id: "sha256:aa", RepoDigests: ["app@sha256:bb"] }]) });
    docker.answer("system", { stdout: '{"Type":"Images","Size":"1GB","Reclaimable":"0B"}\n' });
    const { code, stdout } = await status("--json");
    expect(code).toBe(1);
    const told = JSON.parse(stdout) as { problems: unknown; notes: unknown; containers: { image: string }[] };
    expect(told.problems).toEqual([{ subject: "api", message: "stopped with exit code 3; `pulumi up` starts it" }]);
    expect(told.notes).toEqual([
      "routes: no gateway runs",
      expect.stringMatching(/^the state: not compared \(The Pulumi CLI \(`pulumi`\) is missing/),
    ]);
    expect(told.containers[0]?.image).toBe("app@sha256:bb");
    expect(stdout).not.toContain("shown-nowhere");
    const commands = docker.calls.map((call) => call.split(" ")[2]);
    expect([...new Set(commands)].sort()).toEqual(["image", "inspect", "ps", "system"]);
  });

  test("says where it looked where nothing is", async () => {
    const { code, stderr } = await status();
    expect(code).toBe(1);
    expect(stderr).toContain("No container of stack prod is on unix:///run/test.sock.");
  });
});
