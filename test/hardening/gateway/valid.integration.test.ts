import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  DEFAULT_METHODS,
  renderGatewayBase,
  renderGatewayRoutes,
  type GatewayInput,
  type GatewayRoute,
} from "../../../hardening/gateway";
import { canCount } from "../../../hardening/gateway/limits";
import { describeWith, findProgram } from "../../programs";
import { cors, input, route } from "./input";

const printable = fc
  .array(
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    { maxLength: 40 },
  )
  // A value of spaces only is one that HAProxy would trim: the configuration refuses it.
  .map((characters) => `x${characters.join("")}x`);
/** Values in which every character with a meaning in HAProxy's configuration stands. */
const header = fc.oneof(printable, fc.constant(`"'\\ $HOME \${X} %[env(HOME)] 100% # ; { } %%`));
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const above0 = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });

const routeArbitrary: fc.Arbitrary<GatewayRoute> = fc.record({
  name: label,
  host: fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join(".")),
  pathPrefix: fc.oneof(fc.constant("/"), fc.stringMatching(/^(\/[A-Za-z0-9._~-]{1,9}){1,3}$/)),
  target: fc.record(
    {
      alias: label,
      port: above0(65_535),
      replicas: above0(12),
      canary: fc.record(
        {
          alias: label,
          replicas: above0(3),
          weight: fc.nat(100),
          healthPath: fc.constantFrom("/", "/healthz?of=a%20b&c=d"),
          healthTimeoutSeconds: above0(120),
        },
        { requiredKeys: ["alias", "replicas", "weight", "healthTimeoutSeconds"] },
      ),
    },
    { requiredKeys: ["alias", "port"] },
  ),
  rateLimit: fc.record({ average: above0(1e6), burst: above0(1e6), periodSeconds: above0(3600) }).filter(canCount),
  inFlight: fc.record({ perClient: above0(1e5), total: above0(1e5) }),
  timeouts: fc.record({ requestSeconds: above0(3600), responseSeconds: above0(86_400), streamSeconds: above0(86_400) }),
  methods: fc.uniqueArray(fc.constantFrom(...DEFAULT_METHODS), { minLength: 1 }),
  maxBodyBytes: above0(1_073_741_824),
  maxHeaderBytes: above0(49_152),
  webSocket: fc.boolean(),
  sticky: fc.boolean(),
  streaming: fc.boolean(),
  headers: fc.record({
    extra: fc.dictionary(fc.constantFrom("X-A", "X-B", "Referrer-Policy", "X-Frame-Options"), header),
    contentSecurityPolicy: header,
    fromApplication: fc.constantFrom([], ["Permissions-Policy"]),
  }),
});
const more = fc.record(
  {
    contentTypes: fc.uniqueArray(fc.constantFrom("image/*", "application/json", "a.b+c/d-e.f+g"), { minLength: 1 }),
    cors: fc.record({
      allowedOrigins: fc.constantFrom(["*"], ["https://a.example.com", "http://localhost:3000"]),
      allowedMethods: fc.constantFrom(["GET"], ["GET", "POST", "DELETE"]),
      allowedHeaders: fc.constantFrom([], ["content-type", "x-a"]),
      allowCredentials: fc.constant(false),
      maxAgeSeconds: fc.nat(86_400),
    }),
  },
  { requiredKeys: [] },
);

const inputArbitrary: fc.Arbitrary<GatewayInput> = fc.record(
  {
    edgeSubnet: fc.constantFrom("10.20.2.0/24", "192.168.7.0/30"),
    routes: fc
      .uniqueArray(
        fc.tuple(routeArbitrary, more).map(([one, further]): GatewayRoute => ({ ...one, ...further })),
        {
          maxLength: 20,
          selector: ({ name }) => name,
        },
      )
      .map((routes) => routes.filter((one, index) => routes.findIndex(({ host }) => host === one.host) === index)),
    connections: fc.record({ perClient: above0(100_000), total: fc.integer({ min: 64, max: 7000 }) }),
    externalHttpsPort: above0(65_535),
    edge: fc.constantFrom({ host: "edge", tls: 8443 }, { host: "edge", tls: 8443, acme: 8081 }),
    http: fc.boolean(),
    trustedProxies: fc.constantFrom([], ["192.0.2.7"], ["10.0.0.0/8", "2001:db8::/32"]),
  },
  { requiredKeys: ["edgeSubnet", "routes", "connections", "externalHttpsPort", "edge", "http"] },
);

describeWith("haproxy")("what is rendered, HAProxy takes", () => {
  const directory = mkdtempSync(join(tmpdir(), "rampart-haproxy-c-"));
  const files = { base: join(directory, "haproxy.cfg"), routes: join(directory, "routes.cfg") };
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** What HAProxy says of the files; nothing where they are right. */
  function complaints(one: GatewayInput, memoryMiB = 128): string {
    writeFileSync(files.base, renderGatewayBase({ connections: one.connections, memoryMiB }));
    // The names of the services are the engine's: nobody is asked for them here.
    writeFileSync(files.routes, renderGatewayRoutes(one).config.replaceAll("init-addr libc,none", "init-addr none"));
    const arguments_ = ["-c", "-f", files.base, "-f", files.routes];
    const { status, stdout, stderr } = spawnSync(findProgram("haproxy") ?? "", arguments_, { encoding: "utf8" });
    const said = stderr.split("\n").filter((line) => /WARNING|ALERT/.test(line));
    return status === 0 && said.length === 0 ? "" : `${status}: ${stdout}${said.join("\n")}`;
  }

  it("without a warning: a plain route, and one that has everything", () => {
    const everything = { contentTypes: ["application/json", "image/*"], cors, webSocket: true, streaming: true };
    const longest = { ...route.rateLimit, average: 1, burst: 1_036_800 };
    expect(complaints(input)).toBe("");
    expect(complaints({ ...input, routes: [{ ...route, rateLimit: longest }] })).toBe("");
    expect(
      complaints({
        ...input,
        routes: [route, { ...route, name: "all", pathPrefix: "/", ...everything }],
        trustedProxies: ["192.0.2.0/24", "2001:db8::/32"],
        edge: { host: "edge", tls: 8443, acme: 8081 },
      }),
    ).toBe("");
  });

  it("whatever the routes", () => {
    fc.assert(
      fc.property(inputArbitrary, fc.integer({ min: 56, max: 1024 }), (one, memoryMiB) => {
        expect(complaints(one, memoryMiB)).toBe("");
      }),
      { numRuns: 8, endOnFailure: true },
    );
  });

  it("and would say so were they wrong", () => {
    writeFileSync(files.routes, "backend x\n    no such thing\n");
    const { status } = spawnSync(findProgram("haproxy") ?? "", ["-c", "-f", files.base, "-f", files.routes]);
    expect(status).toBe(1);
  });
});
