import { createServer, type AddressInfo, type Server } from "node:net";
import { findListener, listeningInodes, parseLsof } from "../../../commands/start/listener";
import {
  containerHolder,
  holderOf,
  noAddressSentence,
  parseContainers,
  processHolder,
  takenSentence,
  tryPort,
} from "../../../commands/start/ports";

const wanted = { key: "rampart:edge.httpsPort", address: "127.0.0.1", port: 8443 };
const row = (name: string, ports: string, labels = ""): string =>
  JSON.stringify({ ID: `id-${name}`, Names: name, Ports: ports, Labels: labels });

describe("a port that is tried", () => {
  let server: Server;
  let port: number;
  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => server.close());

  it("is taken while a process listens, and that process is found", async () => {
    expect(await tryPort("127.0.0.1", port)).toBe("taken");
    expect((await findListener(port))?.pid).toBe(process.pid);
  });

  it("is free afterwards, twice in a row", async () => {
    await new Promise((resolve) => server.close(resolve));
    expect([await tryPort("127.0.0.1", port), await tryPort("127.0.0.1", port)]).toEqual(["free", "free"]);
  });

  it("tells an address of another machine", async () =>
    expect(await tryPort("192.0.2.1", port)).toBe("no-such-address"));
});

describe("a port that a container holds", () => {
  const containers = parseContainers(
    [
      row("web", "0.0.0.0:8000-8002->80-82/tcp, :::8000-8002->80-82/tcp"),
      row(
        "edge",
        "127.0.0.1:8080->8080/tcp, 80/tcp, 127.0.0.1:8443->8443/tcp",
        "io.rampart.name=edge,io.rampart.stack=dev,x=y",
      ),
      row("quiet", "5432/tcp"),
      "",
    ].join("\n"),
  );
  const holder = (address: string, port: number): string | undefined =>
    holderOf(containers, { key: "k", address, port })?.name;

  it("is found by its address", () =>
    expect([holder("127.0.0.1", 8443), holder("127.0.0.2", 8443), holder("0.0.0.0", 8443)]).toEqual([
      "edge",
      undefined,
      "edge",
    ]));
  it("is found in a range and on every address", () =>
    expect([holder("127.0.0.1", 8001), holder("127.0.0.1", 8003)]).toEqual(["web", undefined]));
  it("is not one that is only exposed", () => expect(holder("127.0.0.1", 5432)).toBeUndefined());
  it("knows the stack by the label", () =>
    expect(containers.map(({ stack }) => stack)).toEqual([undefined, "dev", undefined]));

  it("is named with the way out", () => {
    const sentences = containers
      .slice(0, 2)
      .map((container) => takenSentence(wanted, containerHolder(container), "Pulumi.dev.yaml"));
    expect(sentences).toEqual([
      "Port 8443 on 127.0.0.1, which the edge needs, is held by the container web: " +
        "stop it (`docker stop web`), or set rampart:edge.httpsPort in Pulumi.dev.yaml to another port, " +
        "then run `npm start` again.",
      "Port 8443 on 127.0.0.1, which the edge needs, is held by the container edge of a Rampart stack dev that " +
        "was not deployed from here: destroy that stack from where it was deployed (`npx rampart pulumi " +
        "destroy`), or set rampart:edge.httpsPort in Pulumi.dev.yaml to another port, then run `npm start` again.",
    ]);
  });
});

describe("a port that a process holds", () => {
  it("is named with the way out", () => {
    expect(takenSentence(wanted, processHolder({ pid: 812, command: "nginx" }), "mine.yaml")).toBe(
      "Port 8443 on 127.0.0.1, which the edge needs, is held by nginx (process 812): " +
        "stop it (`kill 812`), or set rampart:edge.httpsPort in mine.yaml to another port, " +
        "then run `npm start` again.",
    );
    expect(takenSentence(wanted, processHolder(undefined), "mine.yaml")).toContain(
      "a process that only root can name: find it (`sudo ss -ltnp`) and stop it",
    );
  });

  it("is found in the kernel's table only while it listens", () => {
    const table = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 0 100 " +
        "0 0 10 0",
      "   1: 0100007F:20FB 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4343 1 0 100 " +
        "0 0 10 0",
    ].join("\n");
    expect([listeningInodes(table, 8443), listeningInodes(table, 8444)]).toEqual([["4242"], []]);
  });

  it("is read from lsof", () =>
    expect([parseLsof("p812\ncnginx\nf6\n"), parseLsof("")]).toEqual([{ pid: 812, command: "nginx" }, undefined]));
});

it("an address that is not this machine's is named with the key to change", () =>
  expect(noAddressSentence(wanted, "mine.yaml")).toBe(
    "The address 127.0.0.1, on which the edge is to listen, is not one of this machine's: " +
      "set rampart:edge.listenAddress in mine.yaml to one that is.",
  ));
