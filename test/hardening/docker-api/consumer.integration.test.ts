/** A consumer that reaches only what it created, through a real HAProxy and its script. */
import { join } from "node:path";
import { DOCKER_API_PERMISSIONS } from "../../../hardening/docker-api/permissions";
import { describeWith } from "../../programs";
import { request, startProxy, type EngineAnswers, type Proxy, type Recorded } from "./support";

const OWN = "a".repeat(64);
const OTHER = "b".repeat(64);
const EXEC = "e".repeat(64);
const OTHERS_EXEC = "f".repeat(64);
const LABEL = "io.rampart.consumer=rampart-dev.worker";
const NAMES: Readonly<Record<string, string>> = { [OWN]: OWN, build: OWN, [OTHER]: OTHER, postgres: OTHER };
const COMMANDS: Readonly<Record<string, string>> = { [EXEC]: OWN, [OTHERS_EXEC]: OTHER };

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An engine with one container of the consumer's and one of somebody else, whose labels try to pass for more. */
const engine: EngineAnswers = ({ method, url }) => {
  const { pathname, searchParams } = new URL(url, "http://engine");
  const [, area = "", name = "", what = ""] = pathname.replace(/^\/v1\.\d+/, "").split("/");
  if (area === "containers" && name === "json") {
    const filters = searchParams.get("filters") ?? "{}";
    if (!isJson(filters)) return { status: 400, body: "{}" };
    const { id = [], label } = JSON.parse(filters) as { id?: string[]; label?: unknown };
    const mine = JSON.stringify(label ?? "").includes(LABEL) && (id.length === 0 || id.includes(OWN));
    return { status: 200, body: mine ? JSON.stringify([{ Id: OWN }]) : "[]" };
  }
  if (area === "containers" && what === "json" && method === "GET") {
    const id = NAMES[name];
    const Labels = { Id: OWN, "io.rampart.consumer": "rampart-dev.worker" };
    return id === undefined
      ? { status: 404, body: "{}" }
      : { status: 200, body: JSON.stringify({ Id: id, Config: { Labels } }) };
  }
  if (area === "exec" && what === "json") {
    const id = COMMANDS[name];
    const ProcessConfig = { arguments: [`"ContainerID":"${OWN}"`] };
    return id === undefined
      ? { status: 404, body: "{}" }
      : { status: 200, body: JSON.stringify({ ID: name, ProcessConfig, ContainerID: id }) };
  }
  return method === "POST" && area === "containers" && name === "create"
    ? { status: 201, body: '{"Id":"c1","Warnings":[]}' }
    : undefined;
};

const CREATED = {
  owner: "rampart-dev.worker",
  script: join(__dirname, "../../../hardening/docker-api/consumer.lua"),
  memoryMiB: 512,
  cpus: 0.5,
  pids: 64,
};
const PREFIX = "rampart-dev.worker.";

describeWith("haproxy")("a consumer that reaches only what it created", () => {
  let proxy: Proxy;
  beforeAll(async () => {
    proxy = await startProxy(
      {
        consumer: "worker",
        permissions: DOCKER_API_PERMISSIONS,
        created: CREATED,
        ownOnly: true,
        bridge: false,
        images: ["ghcr.io/acme/*", "busybox"],
        volumePrefix: PREFIX,
        networkPrefix: PREFIX,
      },
      engine,
    );
  });
  afterAll(() => proxy.stop());

  /** The status, and what reached the engine besides the proxy's own questions. */
  async function send(method: string, path: string, body?: string): Promise<{ status: number; last?: Recorded }> {
    const before = proxy.recorded.length;
    const { status } = await proxy.raw(request(method, path, body));
    const last = proxy.recorded.slice(before).at(-1);
    return { status, ...(last === undefined ? {} : { last }) };
  }
  async function created(body: object): Promise<Record<string, Record<string, unknown>>> {
    const { status, last } = await send("POST", "/v1.41/containers/create?name=x", JSON.stringify(body));
    expect([status, last?.url]).toEqual([201, "/v1.41/containers/create?name=x"]);
    // As Go reads it: of two values the last counts, and two objects are one.
    return JSON.parse(last?.body ?? "") as Record<string, Record<string, unknown>>;
  }

  const REQUESTS: readonly (readonly [string, (name: string) => string])[] = [
    ["GET", (name) => `/containers/${name}/json`],
    ["GET", (name) => `/v1.41/containers/${name}/logs?stdout=1`],
    ["GET", (name) => `/containers/${name}/stats`],
    ["GET", (name) => `/containers/${name}/top`],
    ["GET", (name) => `/containers/${name}/changes`],
    ["POST", (name) => `/v1.41/containers/${name}/start`],
    ["POST", (name) => `/containers/${name}/stop?t=1`],
    ["POST", (name) => `/containers/${name}/kill`],
    ["POST", (name) => `/containers/${name}/restart`],
    ["POST", (name) => `/containers/${name}/rename?name=edge`],
    ["DELETE", (name) => `/containers/${name}?force=1&v=1`],
  ];

  test.each(REQUESTS)("%s of its own container reaches the engine, by the whole id", async (method, path) => {
    const { status, last } = await send(method, path("build"));
    expect([status, last?.method, last?.url]).toEqual([200, method, path(OWN)]);
  });

  test.each(REQUESTS)("%s of another container is refused, by its name and by its id", async (method, path) => {
    for (const name of ["postgres", OTHER]) {
      const { status, last } = await send(method, path(name));
      // The proxy's own question is the last that the engine heard.
      expect([status, last?.method]).toEqual([403, "GET"]);
      expect(last?.url).toContain("/containers/json?all=1&filters=");
    }
    expect(proxy.log()).toMatch(/refused consumer=worker method=\S+ path=\S+ rule=not-own/);
  });

  test("a container that is not there is not asked for by its name", async () => {
    const { status, last } = await send("POST", "/containers/nobody/stop");
    expect([status, last?.url]).toEqual([404, "/containers/nobody/json"]);
  });

  test.each(["connect", "disconnect"])("only its own containers %s to its networks, by the whole id", async (what) => {
    const attach = (body: string) => send("POST", `/networks/${PREFIX}net/${what}`, body);
    const own = await attach('{"Container":"build"}');
    expect([own.status, JSON.parse(own.last?.body ?? "")]).toEqual([200, { Container: OWN }]);
    for (const body of [
      '{"Container":"postgres"}',
      `{"Container":"${OTHER}"}`,
      '{"Container":"build","Container":"postgres"}',
    ]) {
      const { status, last } = await attach(body);
      expect([body, status, last?.method]).toEqual([body, 403, "GET"]);
    }
    // Keys in other letters are the same to the engine: the last one holds.
    const mixed = await attach('{"Container":"build","container":"postgres"}');
    if (mixed.status === 200) expect(mixed.last?.body).toMatch(new RegExp(`"Container":"${OWN}"}$`));
    expect([200, 403]).toContain(mixed.status);
    expect((await attach('{"container":"postgres"}')).last?.method ?? "none").not.toBe("POST");
  });

  test("commands run in its own containers only", async () => {
    const body = JSON.stringify({ Cmd: ["id"] });
    expect((await send("POST", "/containers/build/exec", body)).status).toBe(200);
    expect((await send("POST", "/containers/postgres/exec", body)).status).toBe(403);
    expect((await send("POST", `/exec/${EXEC}/start`, "{}")).last?.url).toBe(`/exec/${EXEC}/start`);
    expect((await send("POST", `/exec/${OTHERS_EXEC}/start`, "{}")).status).toBe(403);
  });

  test.each([
    ["nothing", "/v1.41/containers/json", { label: [LABEL] }],
    ["all", "/containers/json?all=1&filters={}", { label: [LABEL] }],
    [
      "a list of labels",
      '/containers/json?filters={"label":["a=b"],"status":["running"]}',
      { label: ["a=b", LABEL], status: ["running"] },
    ],
    ["a map of labels", '/containers/json?filters={"label":{"a=b":true}}', { label: { "a=b": true, [LABEL]: true } }],
    [
      "another's label after its own",
      '/containers/json?filters={"label":["x"],"label":["y"]}',
      { label: ["y", LABEL] },
    ],
    ["events", '/events?filters={"event":["die"]}', { event: ["die"], label: [LABEL] }],
  ])("a list that asks for %s shows only its own", async (_, path, filters) => {
    const escaped = path.replace(/[{}"[\]]/g, (character) => encodeURIComponent(character));
    const { status, last } = await send("GET", escaped);
    const asked = new URL(last?.url ?? "", "http://engine").searchParams.getAll("filters");
    expect([status, asked.length, JSON.parse(asked[0] ?? "")]).toEqual([200, 1, filters]);
  });

  test.each(["%66ilters=%7B%7D", "filters=%5B%5D", "filters=%7B%7D%7D&all=1%26", "FILTERS=%7B%7D"])(
    "a query that could be read in two ways is refused or made invalid: %s",
    async (query) => {
      const { status, last } = await send("GET", `/containers/json?${query}`);
      const filters = new URL(last?.url ?? "", "http://engine").searchParams.get("filters") ?? "{}";
      if (status === 403) return;
      expect(isJson(filters)).toBe(false);
    },
  );

  test("a container that it creates carries its label, and none of Rampart's", async () => {
    const body = await created({ Image: "busybox", Labels: { a: "b" } });
    expect(body["Labels"]).toEqual({
      "io.rampart.component": "",
      "io.rampart.consumer": "rampart-dev.worker",
      "io.rampart.ephemeral": "",
      "io.rampart.name": "",
      "io.rampart.pids-limit": "",
      "io.rampart.stack": "",
    });
  });

  test.each([
    ["nothing", {}, { Memory: 536_870_912, MemorySwap: 536_870_912, NanoCpus: 500_000_000, PidsLimit: 64 }],
    [
      "less",
      { HostConfig: { Memory: 67_108_864, MemorySwap: -1, PidsLimit: 8 } },
      { Memory: 67_108_864, MemorySwap: 67_108_864, NanoCpus: 500_000_000, PidsLimit: 8 },
    ],
    [
      "more",
      { HostConfig: { Memory: 9e12, NanoCpus: 9e12, PidsLimit: 0 } },
      { Memory: 536_870_912, MemorySwap: 536_870_912, NanoCpus: 500_000_000, PidsLimit: 64 },
    ],
    [
      "no limit",
      { HostConfig: { Memory: -1, CpuQuota: -1 } },
      { Memory: 536_870_912, MemorySwap: 536_870_912, CpuQuota: 0, PidsLimit: 64 },
    ],
  ])("a container that asks for %s is bounded", async (_, asked, limits) => {
    const body = await created({ Image: "busybox", ...asked });
    expect(body["HostConfig"]).toMatchObject({
      ...limits,
      LogConfig: { Type: "json-file", Config: { "max-file": "3", "max-size": "10m" } },
      SecurityOpt: ["no-new-privileges:true"],
    });
  });

  test("an update lifts no limit", async () => {
    const update = (body: object) => send("POST", "/containers/build/update", JSON.stringify(body));
    for (const body of [{ Memory: 0 }, { PidsLimit: -1 }, { NanoCpus: 9e12 }])
      expect((await update(body)).status).toBe(403);
    expect((await update({ RestartPolicy: { Name: "no" } })).status).toBe(200);
  });

  test.each([
    ["no network", {}, "none"],
    ["the default network", { HostConfig: { NetworkMode: "default" } }, "none"],
    ["its own network", { HostConfig: { NetworkMode: `${PREFIX}net` } }, undefined],
  ])("without a way out of its own, a container that names %s gets none", async (_, asked, mode) => {
    const body = await created({ Image: "busybox", ...asked });
    expect(body["HostConfig"]?.["NetworkMode"]).toBe(mode);
  });

  test("nor can it make itself one", async () => {
    const bodies: [string, object][] = [
      ["/containers/create", { HostConfig: { NetworkMode: "bridge" } }],
      ["/containers/create", { NetworkingConfig: { EndpointsConfig: { bridge: {} } } }],
      ["/networks/create", { Name: `${PREFIX}net` }],
      ["/networks/create", { Name: `${PREFIX}net`, Internal: false }],
      ["/networks/create", { Name: `${PREFIX}net`, Labels: { Internal: "true" } }],
    ];
    for (const [path, body] of bodies)
      expect([path, body, (await send("POST", path, JSON.stringify(body))).status]).toEqual([path, body, 403]);
    expect(
      (await send("POST", "/networks/create", JSON.stringify({ Name: `${PREFIX}net`, Internal: true }))).status,
    ).toBe(200);
    expect((await proxy.raw(request("POST", "/build?t=x"))).status).toBe(403);
    expect((await proxy.raw(request("POST", "/build?networkmode=none&t=x"))).status).toBe(200);
  });

  test.each([
    ["ghcr.io/acme/builder", 200],
    ["ghcr.io%2Facme%2Fbuilder%3A1", 200],
    ["busybox", 200],
    ["busybox&tag=1.36", 200],
    ["busybox.evil.example/x", 403],
    ["127.0.0.1:5000/x", 403],
    ["ghcr.io/acmeevil/x", 403],
    ["ghcr.io/acme/../../evil/x", 403],
    ["evil/ghcr.io/acme/x", 403],
  ])("a pull of %s is answered %i", async (image, status) => {
    expect((await send("POST", `/images/create?fromImage=${image}`)).status).toBe(status);
  });

  test.each(["/dev", "/proc/sys", "/sys/", "/x/../dev", "//dev", "/./proc", "relative"])(
    "nothing is mounted at %s, by any of the ways",
    async (target) => {
      const bodies = [
        { HostConfig: { Binds: [`${PREFIX}v:${target}`] } },
        { HostConfig: { Mounts: [{ Type: "volume", Source: `${PREFIX}v`, Target: target }] } },
        { HostConfig: { Tmpfs: { [target]: "" } } },
        { Volumes: { [target]: {} } },
        { WorkingDir: target },
      ];
      for (const body of bodies) {
        const { status } = await send("POST", "/containers/create", JSON.stringify(body));
        expect([body, status]).toEqual([body, 403]);
      }
    },
  );

  test("mounts elsewhere go on as before", async () => {
    await created({
      HostConfig: {
        Binds: [`${PREFIX}v:/work:ro`, `${PREFIX}v:/devices/x/`],
        Mounts: [{ Type: "tmpfs", Target: "/procedure" }],
        Tmpfs: { "/tmp": "size=64m" },
      },
      Volumes: { "/data": {} },
      WorkingDir: "/",
    });
  });

  test("a log of its own choice is neither a buffer in the engine's memory nor without a bound", async () => {
    for (const Config of [
      { mode: "non-blocking", "max-buffer-size": "100g" },
      { "max-size": "100g" },
      { "max-file": "100000" },
    ])
      expect(
        (
          await send(
            "POST",
            "/containers/create",
            JSON.stringify({ HostConfig: { LogConfig: { Type: "json-file", Config } } }),
          )
        ).status,
      ).toBe(403);
  });

  test("bytes after the body's end are no part of it, and none that the engine would read otherwise", async () => {
    const body = '{"Image":"busybox"}';
    for (const tail of ["\0", "\0\0", '\0{"HostConfig":{"Privileged":true}}', "\n\0"])
      expect([tail, (await send("POST", "/containers/create", body + tail)).status]).toEqual([tail, 403]);
  });

  test.each([",", ", ", "identity", "x, chunked", "chunked,", " "])(
    "a body with Transfer-Encoding %j is refused",
    async (encoding) => {
      const bytes = request("POST", "/containers/create", '{"Image":"busybox"}', { "Transfer-Encoding": encoding });
      const before = proxy.recorded.length;
      const { status } = await proxy.raw(bytes);
      expect([encoding, Math.floor(status / 100), proxy.recorded.length]).toEqual([encoding, 4, before]);
    },
  );
});
