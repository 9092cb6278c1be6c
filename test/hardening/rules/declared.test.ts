import { DECLARED_RULES, judge, type DeclaredFacts, type StackView } from "../../../hardening/rules";

const NOTHING: DeclaredFacts = { dockerApi: [], headers: [], maintenance: [], placeholders: [] };

function posture(declared: Partial<DeclaredFacts>): string[] {
  const view: StackView = {
    stack: "prod",
    environment: "prod",
    certificates: "letsencrypt",
    declared: { ...NOTHING, ...declared },
    containers: [],
    networks: [],
    volumes: [],
    images: [],
  };
  return judge(DECLARED_RULES, view).map(
    ({ id, status, resource, message }) => `${id}: ${status}: ${resource}: ${message}`,
  );
}

const route = { resource: "acme-web", route: "https://acme.com", weak: [], changed: [], fromApplication: [] };

test("a stack that declares nothing has no line", () => expect(posture({})).toEqual([]));

test("dangerous permissions of the Docker API are accepted with their reason", () =>
  expect(
    posture({
      dockerApi: [{ resource: "acme-worker", permissions: ["POST /containers/{id}/exec"], reason: "the console" }],
    }),
  ).toEqual([
    "rampart-docker-api: accepted: acme-worker: may ask the engine for POST /containers/{id}/exec: the console",
  ]));

test("a weaker header is accepted with its reason, and fails without", () => {
  const weak = [{ name: "X-Frame-Options", why: "it is removed" }];
  const message = "https://acme.com: X-Frame-Options is weaker (it is removed)";
  expect(posture({ headers: [{ ...route, weak, reason: "partners frame it" }] })).toEqual([
    `rampart-response-headers: accepted: acme-web: ${message}: partners frame it`,
  ]);
  expect(posture({ headers: [{ ...route, weak }] })).toEqual([`rampart-response-headers: fail: acme-web: ${message}`]);
});

test("headers of one's own, and the application's, are said", () =>
  expect(
    posture({ headers: [{ ...route, changed: ["Referrer-Policy"], fromApplication: ["Content-Security-Policy"] }] }),
  ).toEqual([
    "rampart-response-headers: open: acme-web: https://acme.com: " +
      "what the application sends as Content-Security-Policy stands: see that it is as strict",
    "rampart-response-headers: pass: acme-web: https://acme.com: the route has its own Referrer-Policy",
  ]));

test("example hosts of a sample are open, and an engine in clear fails", () =>
  expect(posture({ placeholders: ["a.example.com"], plainEngine: "tcp://10.0.0.5:2375" })).toEqual([
    "rampart-placeholders: open: prod: this is a sample with a.example.com: replace them by your own; " +
      "until then a deployment is refused",
    "rampart-engine-connection: fail: prod: the engine is reached at tcp://10.0.0.5:2375 in clear: " +
      "whoever is on the way is root on its host (use ssh://, or tcp:// with docker:certPath)",
  ]));

test("a program that the stack has run for a secret is accepted, and shown with its words", () => {
  const sops = { resource: "acme-api", name: "A", source: "a.key of prod.enc.yaml, by sops", command: false };
  const pass = { resource: "acme-api", name: "B", source: "what `pass show b` prints", command: true };
  expect(posture({ secretSources: [sops, pass] })).toEqual([
    "rampart-secret-sources: pass: acme-api: A is a.key of prod.enc.yaml, by sops, on the machine that deploys",
    "rampart-secret-sources: accepted: acme-api: B is what `pass show b` prints: " +
      "a deployment and a preview run this program on the machine that they run on",
  ]);
});

test("a host in maintenance stays open until it serves", () =>
  expect(posture({ maintenance: ["app.acme.com"] })).toEqual([
    "rampart-maintenance: open: prod: in maintenance: app.acme.com: every request there gets 503 until " +
      "edge.maintenance is removed",
  ]));
