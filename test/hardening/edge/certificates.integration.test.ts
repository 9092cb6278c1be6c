import net, { type AddressInfo } from "node:net";
import { certificatesDigest, type GivenCertificate, type TraefikDynamicInput } from "../../../hardening/edge";
import { authorityCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { certificatePeriod } from "../../../hardening/pki/period";
import { describeWith, findProgram } from "../../programs";
import { connect, TlsTraefik } from "./tls-traefik";

const CA = { seed: Buffer.alloc(32, "edge").toString("base64"), stackName: "shop" };
const DAY = 86_400_000;
const issue = (server: string, names: readonly string[], daysAgo = 0): GivenCertificate =>
  serverCertificate({ ...CA, server, names, period: certificatePeriod(new Date(Date.now() - daysAgo * DAY)) });
const ca = authorityCertificate(CA);

describeWith("traefik")("certificates that a real Traefik is given", () => {
  const upstream = net.createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.end("upstream"));
  });
  let traefik: TlsTraefik;
  const input = (more: Partial<TraefikDynamicInput>): TraefikDynamicInput => ({
    hosts: ["app.shop.test", "admin.shop.test"],
    tls: "intermediate",
    gateway: `127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    ...more,
  });
  const [app, other] = [issue("app", ["app.shop.test"]), issue("others", ["*.shop.test"])];
  const own = (...named: readonly GivenCertificate[]) => ({
    input: input({ sniStrict: true, certificates: certificatesDigest(named.map(({ certificate }) => certificate)) }),
    given: { named },
  });

  beforeAll(async () => {
    await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
    const first = own(app, other);
    traefik = await TlsTraefik.start(findProgram("traefik") ?? "", first.input, first.given);
  }, 60_000);
  afterAll(async () => {
    await traefik.stop();
    upstream.close();
  });

  test("each host gets its own, and a name without one gets no handshake", async () => {
    expect(await connect(traefik.port, "app.shop.test", { ca, send: "x" })).toMatchObject({
      names: ["app.shop.test"],
      authorized: true,
      answer: expect.stringContaining("upstream") as unknown,
    });
    expect(await connect(traefik.port, "admin.shop.test", { ca })).toMatchObject({
      names: ["*.shop.test"],
      authorized: true,
    });
    expect((await connect(traefik.port, "app.elsewhere.test", { ca })).error).toBeDefined();
  });

  test("a renewed one is served by the same process, and an open connection goes on", async () => {
    const before = await connect(traefik.port, "app.shop.test");
    const { pid } = traefik;
    const open = connect(traefik.port, "app.shop.test", { ca, send: "x" });
    const renewed = own(issue("app", ["app.shop.test"], 90), other);
    await traefik.reload(renewed.input, renewed.given);
    const after = await connect(traefik.port, "app.shop.test", { ca });
    expect(after).toMatchObject({ names: ["app.shop.test"], authorized: true });
    expect(after.serial).not.toBe(before.serial);
    expect((await open).answer).toContain("upstream");
    expect(traefik.pid).toBe(pid);
  });

  test("one for all other names, as in dev, and none of an earlier configuration", async () => {
    const others = issue("edge", ["app.shop.test", "admin.shop.test"]);
    await traefik.reload(input({ sniStrict: false, certificates: certificatesDigest([others.certificate]) }), {
      others,
    });
    for (const host of ["app.shop.test", "admin.shop.test", "localhost"])
      expect(await connect(traefik.port, host, { ca })).toMatchObject({
        names: ["app.shop.test", "admin.shop.test"],
        authorized: host !== "localhost",
      });
    await traefik.reload(input({ sniStrict: false }), {});
    expect((await connect(traefik.port, "app.shop.test", { ca })).authorized).toBe(false);
    // A client that goes away is an error to Traefik; one in its configuration is none of those.
    const errors = traefik
      .log()
      .split("\n")
      .filter((line) => line.includes('"level":"error"') && !line.includes("Error while handling TCP connection"));
    expect(errors).toEqual([]);
  });

  test("no key is in the log", () => {
    for (const { privateKey } of [app, other]) expect(traefik.log()).not.toContain(privateKey.split("\n")[1]);
  });
});
