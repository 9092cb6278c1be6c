import { SocketProxy, type SocketProxyArgs } from "../../components";
import { dockerApiNetwork } from "../../hardening/container/networks";
import { IMAGE_PINS } from "../../config";
import {
  configOf,
  labelsOf,
  networksOf,
  once,
  record,
  SERVICE,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const config = configOf({
  services: {
    worker: {
      ...SERVICE,
      dockerApi: {
        allow: ["GET /containers/json", "POST /containers/create"],
        reason: "the worker runs each job in a container",
      },
    },
  },
});

function proxy(args: Partial<SocketProxyArgs> = {}): Promise<Recording> {
  return record(() => {
    const { context, networks } = surroundings(config);
    return new SocketProxy("rampart-dev-docker-api-worker", context, {
      consumer: "worker",
      permissions: config.services["worker"]?.dockerApi?.permissions ?? [],
      scope: "own",
      images: [],
      containers: { memoryMiB: 512, cpus: 1, pids: 256 },
      egress: false,
      networks,
      ...args,
    });
  });
}

const plain = once(() => proxy());

describe("SocketProxy", () => {
  test("is HAProxy on a network of its consumer's and its own, publishing nothing", async () => {
    const container = (await plain()).get("Container rampart-dev-docker-api-worker");
    expect(dockerApiNetwork("worker")).toBe("docker-api-worker");
    expect(networksOf(container)).toEqual({ "rampart-dev-docker-api-worker": ["docker-api"] });
    expect(container.inputs).toMatchObject({
      image: IMAGE_PINS.haproxy,
      ports: [],
      readOnly: true,
      envs: [],
      stopSignal: "SIGUSR1",
    });
    expect(container).toMatchObject({ deleteBeforeReplace: false, parentType: "rampart:docker:SocketProxy" });
  });

  test("mounts the socket, read-only, and its configuration", async () => {
    const recording = await plain();
    expect(recording.inputs("Container rampart-dev-docker-api-worker")["volumes"]).toEqual([
      {
        containerPath: "/usr/local/etc/haproxy",
        readOnly: true,
        volumeName: expect.stringMatching(/^rampart-dev-docker-api-worker-config-[0-9a-f]{12}$/) as unknown,
      },
      { containerPath: "/var/run/docker.sock", hostPath: "/var/run/docker.sock", readOnly: true },
    ]);
    expect(
      recording.waitsFor(
        "Container rampart-dev-docker-api-worker",
        "Container rampart-dev-docker-api-worker-config-carrier",
      ),
    ).toBe(true);
  });

  test("forwards what its consumer may call, and names what the consumer creates", async () => {
    const uploads = (await plain()).inputs("Container rampart-dev-docker-api-worker-config-carrier")["uploads"] as {
      content: string;
      file: string;
    }[];
    expect(uploads.map(({ file }) => file)).toEqual(["/files/consumer.lua", "/files/haproxy.cfg"]);
    const [script, haproxy] = uploads.map(({ content }) => content);
    expect(haproxy).toContain("/containers/json");
    expect(haproxy).toContain("rampart-dev\\.worker\\.");
    expect(haproxy).not.toContain("rampart-dev-worker");
    expect(haproxy).not.toContain("/images/");
    expect(haproxy).toContain("lua-load /usr/local/etc/haproxy/consumer.lua");
    expect(haproxy).toContain("setenv RAMPART_OWNER rampart-dev.worker\n");
    expect(haproxy).toContain("lua.narrow");
    expect(script).toContain('core.register_action("own"');
  });

  test("leaves every container of the engine to a consumer whose scope is the engine", async () => {
    const uploads = (await proxy({ scope: "engine" })).inputs("Container rampart-dev-docker-api-worker-config-carrier")[
      "uploads"
    ] as { content: string }[];
    expect(uploads[1]?.content).not.toMatch(/lua\.(own|narrow)/);
    expect(uploads[1]?.content).toContain("lua.create");
  });

  test("runs without root where the socket's group is known", async () => {
    const container = (await proxy({ socketGroup: 998 })).get("Container rampart-dev-docker-api-worker");
    expect(container.inputs["user"]).toBe("99:998");
    expect(Object.keys(labelsOf(container)).filter((label) => label.startsWith("io.rampart.accepted."))).toEqual([
      "io.rampart.accepted.cis-5.32",
    ]);
  });

  test("runs as root without any capability where the socket's group is not known, and says so", async () => {
    const container = (await plain()).get("Container rampart-dev-docker-api-worker");
    expect(container.inputs).toMatchObject({ user: "0:0", capabilities: { drops: ["ALL"] } });
    expect(labelsOf(container)).toMatchObject({
      "io.rampart.accepted.cis-4.1":
        "root without any capability: the group of the engine's socket is not known here; " +
        "set rampart:dockerSocketGroup to run it without root",
      "io.rampart.accepted.cis-5.32":
        "the filtered Docker API of worker: only the proxy sees the socket, " +
        "and it forwards only what its configuration allows",
    });
  });
});
