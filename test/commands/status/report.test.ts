import { renderStatus, age, shortImage } from "../../../commands/status/render";
import { report, type Found } from "../../../commands/status/report";
import type { ContainerFact } from "../../../commands/shared/containers";
import type { StateContainer, StateFacts } from "../../../commands/status/state";

const NOW = new Date("2026-11-27T12:00:00Z");
const IMAGE = `sha256:${"ab".repeat(32)}`;

const container = (name: string, changes: Partial<ContainerFact> = {}): ContainerFact => ({
  id: `id-${name}`,
  container: `shop-${name}-1a2b3c4`,
  component: "service",
  name,
  state: "running",
  health: "healthy",
  since: "2026-11-27T09:00:00Z",
  restarts: 0,
  outOfMemory: false,
  logBytes: 30 * 1024 ** 2,
  imageId: IMAGE,
  addresses: ["10.1.0.7"],
  ephemeral: false,
  ...changes,
});

const inState = (name: string, changes: Partial<StateContainer> = {}): StateContainer => ({
  id: `id-${name}`,
  urn: `urn:pulumi:prod::rampart::docker:index/container:Container::shop-${name}`,
  component: "service",
  name,
  runs: true,
  ...changes,
});

const state = (containers: readonly StateContainer[], changes: Partial<StateFacts> = {}): StateFacts => ({
  containers,
  images: { [IMAGE]: `registry.example.com/app:1.4.2@${IMAGE}` },
  pending: 0,
  ...changes,
});

const found = (changes: Partial<Found> = {}): Found => ({
  stack: "prod",
  engine: "ssh://shop",
  now: NOW,
  minFreeGiB: 2,
  containers: [container("api")],
  images: {},
  state: state([inState("api")]),
  routes: [{ route: "api", addresses: ["10.1.0.7"], inFlight: 1, requests: 200, failed: 0 }],
  notes: [],
  ...changes,
});

const problems = (changes: Partial<Found>): string[] =>
  report(found(changes)).problems.map(({ subject, message }) => `${subject}: ${message}`);

test("a stack that runs as its state says has no problem", () => expect(problems({})).toEqual([]));

describe("what is wrong with a container", () => {
  const one = (changes: Partial<ContainerFact>): string[] =>
    problems({ containers: [container("api", changes)], routes: [] });
  test.each([
    [{ health: "unhealthy" }, "is unhealthy: see `docker logs shop-api-1a2b3c4`"],
    [{ state: "exited", exitCode: 1 }, "stopped with exit code 1; `pulumi up` starts it"],
    [
      { state: "exited", exitCode: 137, outOfMemory: true },
      "stopped with exit code 137, for want of memory (raise resources.memoryMiB); `pulumi up` starts it",
    ],
    [{ state: "restarting" }, "is restarting; `pulumi up` starts it"],
    [{ outOfMemory: true }, "a process in it was killed for want of memory (raise resources.memoryMiB)"],
    [{ component: "job", state: "exited", exitCode: 2 }, "ended with 2"],
  ] as const)("%j", (changes, message) => expect(one(changes)).toEqual([`api: ${message}`]));

  test("a job that ended well, a start and a restart long ago are none", () => {
    expect(one({ component: "job", state: "exited", exitCode: 0 })).toEqual([]);
    expect(one({ health: "starting" })).toEqual([]);
    expect(one({ restarts: 3 })).toEqual([]);
  });
});

describe("where the state and the engine do not agree", () => {
  test("a container that is gone", () =>
    expect(problems({ state: state([inState("api"), inState("web")]) })).toEqual([
      "web: the container is gone: `pulumi up --replace " +
        "'urn:pulumi:prod::rampart::docker:index/container:Container::shop-web'` creates it again",
    ]));

  test("one too many; a carrier that was left and a session of psql hurt nobody", () => {
    const others = [
      container("api", { id: "old", container: "shop-api-old" }),
      container("api", { id: "left", component: "carrier", state: "created" }),
      container("psql", { id: "psql", ephemeral: true }),
    ];
    expect(problems({ containers: [container("api"), ...others] })).toEqual([
      "api: shop-api-old (running) is in no state: an update that was ended left it, or one is running now",
    ]);
  });

  test("operations that are pending, and an update that failed", () =>
    expect(
      problems({
        state: state([inState("api")], { pending: 2 }),
        lastUpdate: { kind: "update", result: "failed", at: "2026-11-27T11:00:00Z" },
      }),
    ).toEqual([
      "pulumi: the last update failed: some of it may be deployed",
      "pulumi: 2 operations of an update that was ended are pending",
    ]));
});

test("the gateway leads nowhere, or to an address that no container has", () => {
  const route = { route: "api", inFlight: 0, requests: 0, failed: 0 };
  expect(problems({ routes: [{ ...route, addresses: [] }] })).toEqual([
    "api: the gateway has no address to lead its requests to",
  ]);
  expect(problems({ routes: [{ ...route, addresses: ["10.1.0.9"] }] })).toEqual([
    "api: the gateway leads to 10.1.0.9, where no container of it runs",
  ]);
});

test("a disk on which an update would pull nothing", () => {
  expect(problems({ free: 1.5 * 1024 ** 3 })).toEqual([
    "disk: 1.5 GiB are free on the engine's disk, and an update pulls no image below 2 GiB (disk.minFreeGiB): " +
      "see `npx rampart clean prod`",
  ]);
  expect(problems({ free: 2 * 1024 ** 3 })).toEqual([]);
});

test("what a stack takes: each image once, logs of what runs, and logs without a bound", () => {
  const withoutBound: { logBytes?: number } & ContainerFact = { ...container("db", { imageId: "sha256:db" }) };
  delete withoutBound.logBytes;
  const containers = [
    container("api", { logBytes: 30 }),
    container("web", { logBytes: 10 }),
    withoutBound,
    container("files", { component: "carrier", state: "created", imageId: "sha256:db" }),
  ];
  expect(report(found({ containers, imageSizes: { [IMAGE]: 500, "sha256:db": 70 } })).taken).toEqual({
    images: 570,
    logs: 40,
    unbounded: ["shop-db-1a2b3c4"],
  });
});

test("certificates that end soon, of the edge and of the stack's own", () =>
  expect(
    problems({
      edge: [
        { of: "app.acme.com", end: "2026-12-10T00:00:00.000Z" },
        { of: "old.acme.com", end: "2026-11-20T00:00:00.000Z" },
        { of: "edge", note: "self-signed" },
      ],
      state: state([inState("api")], {
        serversEnd: "2026-12-01T00:00:00.000Z",
        authorityEnd: "2046-01-01T00:00:00.000Z",
      }),
    }),
  ).toEqual([
    "app.acme.com: the certificate ends on 2026-12-10, in 12 days",
    "old.acme.com: the certificate ended on 2026-11-20",
    "data servers: the certificate ends on 2026-12-01, in 3 days",
  ]));

test("an ACME server that refuses", () =>
  expect(problems({ acme: [{ of: "app.acme.com", at: "2026-11-27T10:00:00Z", error: "429", renewal: true }] })).toEqual(
    ["app.acme.com: the CA issued no certificate at 2026-11-27T10:00:00Z: 429"],
  ));

test("a backup and a drill that failed", () =>
  expect(
    problems({
      backups: {
        failed: { at: "2026-11-27T03:00:00Z", error: "no space" },
        drill: { at: "2026-11-26T04:00:00Z", ok: false, error: "rows differ" },
      },
    }),
  ).toEqual([
    "backup: the last attempt, of 2026-11-27T03:00:00Z, failed: no space",
    "backup: the restore drill of 2026-11-26T04:00:00Z failed: rows differ",
  ]));

describe("the page", () => {
  const plain = { width: 100, paint: (_: string, text: string) => text };

  test("is a table within the width, and says what is wrong last", () => {
    const told = report(
      found({
        containers: [
          container("postgres", { component: "postgres" }),
          container("api", { version: "0123456789", restarts: 2 }),
          container("a-service-with-the-longest-name", { state: "exited", exitCode: 137, outOfMemory: true }),
        ],
        lastUpdate: { kind: "update", result: "succeeded", at: "2026-11-27T09:00:00Z", commit: "0123456789ab" },
        edge: [{ of: "app.acme.com", end: "2027-02-01T00:00:00.000Z" }],
        backups: { last: { at: "2026-11-27T03:00:00Z", snapshot: "abcdef0123456789" } },
        free: 12.34 * 1024 ** 3,
        imageSizes: { [IMAGE]: 420 * 1024 ** 2 },
        disk: [{ what: "Images", size: "1.5GB", reclaimable: "0B" }],
        notes: ["a note"],
        state: state(["postgres", "api", "a-service-with-the-longest-name"].map((name) => inState(name))),
      }),
    );
    expect(renderStatus(told, plain)).toMatchSnapshot();
    for (const line of renderStatus(told, plain).split("\n").slice(0, 16)) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("is short where all is well", () =>
    expect(renderStatus(report(found()), plain).split("\n").at(-1)).toBe("Nothing is wrong."));
});

test.each([
  ["2026-11-27T11:59:30Z", "30 s"],
  ["2026-11-27T11:20:00Z", "40 min"],
  ["2026-11-24T12:00:00Z", "3 d"],
  [undefined, ""],
])("%s is %s ago", (since, text) => expect(age(since, NOW.toISOString())).toBe(text));

test.each([
  [`registry.example.com:5000/team/app:1.4.2@${IMAGE}`, "app:1.4.2@abababababab"],
  [IMAGE, "abababababab"],
  [`registry.example.com/a-long-name-of-an-image:1.4.2@${IMAGE}`, "a-long-name-of…@abababababab"],
])("an image in 28 columns: %s", (reference, text) => expect(shortImage(reference, 28)).toBe(text));
