import type { PeerCertificate } from "node:tls";
import { responseHeaders } from "../../hardening/edge/headers";
import type { EdgeAnswer, Handshake } from "../../verify/edge/client";
import { few } from "../../verify/edge/client";
import { edgePlace, hostHeader } from "../../verify/edge/place";
import { edgeProbe } from "../../verify/probes/edge";
import { headerFaults, judgeHeaders } from "../../verify/probes/edge-headers";
import { certificateFaults, HELLOS, judgeTls, type Hello, type TlsExpectation } from "../../verify/probes/edge-tls";
import type { Stage } from "../../verify/stage";
import { answer, config, told } from "./edge-support";

describe("where the edge is", () => {
  const LOCAL = "unix:///var/run/docker.sock";
  test.each<[string, object, string, string]>([
    ["on this machine", { listenAddress: "127.0.0.1" }, LOCAL, "127.0.0.1"],
    ["on every address of this machine", { listenAddress: "0.0.0.0" }, LOCAL, "127.0.0.1"],
    [
      "on every address of another",
      { listenAddress: "0.0.0.0" },
      "ssh://me@docker.example.com:22",
      "docker.example.com",
    ],
    ["on an address of another", { listenAddress: "192.0.2.4" }, "tcp://docker.example.com:2376", "192.0.2.4"],
    ["on an engine by its loopback", { listenAddress: "0.0.0.0" }, "tcp://127.0.0.1:2375", "127.0.0.1"],
  ])("%s", (_, edge, engine, address) => {
    const found = edgePlace({ edge: { ...config().edge, ...edge } }, engine);
    expect(found).toEqual({ address, httpsPort: 8443, httpPort: 8080 });
  });

  test("on the loopback of another machine it cannot be reached", () => {
    expect(edgePlace(config(), "ssh://me@docker.example.com")).toBe(
      "the edge listens on 127.0.0.1 of docker.example.com only: run verify on that machine",
    );
  });

  test("a probe is skipped with the reason", async () => {
    const probe = edgeProbe({
      id: "probe-x",
      title: "x",
      severity: "low",
      why: "y",
      run: () => Promise.reject(new Error("is not run")),
    });
    const stage = { config: config(), engine: { host: "ssh://me@docker.example.com" } } as unknown as Stage;
    expect((await probe.run(stage)).map(told)).toEqual([
      "skip edge: cannot be reached from here: the edge listens on 127.0.0.1 of docker.example.com only: run verify " +
        "on that machine",
    ]);
  });

  test("names are written as a browser writes them, and a few things are done at a time, in order", async () => {
    expect([hostHeader("a", 443, 443), hostHeader("a", 8443, 443)]).toEqual(["a", "a:8443"]);
    let [now, most] = [0, 0];
    const results = await few([...Array(9).keys()], async (one) => {
      most = Math.max(most, (now += 1));
      await Promise.resolve();
      now -= 1;
      return one * 2;
    });
    expect([results, most]).toEqual([[0, 2, 4, 6, 8, 10, 12, 14, 16], 4]);
  });
});

describe("TLS", () => {
  const certificate = {
    subject: { CN: "app.localhost" },
    subjectaltname: "DNS:app.localhost",
    valid_from: "Jan  1 00:00:00 2026 GMT",
    valid_to: "Jan  1 00:00:00 2027 GMT",
    fingerprint256: "AA",
  } as unknown as PeerCertificate;
  const expected: TlsExpectation = {
    host: "app.localhost",
    profile: "intermediate",
    guarded: false,
    trusted: false,
    fingerprints: [],
    now: new Date("2026-06-01"),
  };
  const agreed = (distrust?: string): Handshake => ({ kind: "agreed", protocol: "TLSv1.3", certificate, distrust });
  const refused: Handshake = { kind: "refused", alert: 70 };
  const found = (changes: Partial<Record<Hello, Handshake>> = {}): Record<Hello, Handshake> => ({
    "TLS 1.0": refused,
    "TLS 1.1": refused,
    "TLS 1.2": agreed(),
    "TLS 1.2 with weak ciphers": refused,
    "TLS 1.3": agreed(),
    ...changes,
  });

  test("hellos offer one version each", () => {
    expect(Object.values(HELLOS).map(({ maxVersion }) => maxVersion)).toEqual([
      ...["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.2", "TLSv1.3"],
    ]);
  });

  test.each<[string, Partial<TlsExpectation>, Partial<Record<Hello, Handshake>>, string]>([
    [
      "as it was declared",
      {},
      {},
      "pass app.localhost: takes TLS 1.2 and TLS 1.3, refuses TLS 1.0, TLS 1.1, TLS 1.2 with weak ciphers; " +
        "its certificate is good until Jan  1 00:00:00 2027 GMT",
    ],
    ["an old version", {}, { "TLS 1.1": agreed() }, "fail app.localhost: takes TLS 1.1"],
    [
      "weak ciphers",
      {},
      { "TLS 1.2 with weak ciphers": agreed() },
      "fail app.localhost: takes TLS 1.2 with weak ciphers",
    ],
    ["1.2 where only 1.3 is declared", { profile: "modern" }, {}, "fail app.localhost: takes TLS 1.2"],
    ["no 1.2 where it is declared", {}, { "TLS 1.2": refused }, "fail app.localhost: refuses TLS 1.2"],
    [
      "no answer to an old version",
      {},
      { "TLS 1.0": { kind: "failed", why: "read ECONNRESET" } },
      "skip app.localhost: not told: TLS 1.0: read ECONNRESET",
    ],
    [
      "no handshake at all",
      {},
      { "TLS 1.3": { kind: "failed", why: "reset" } },
      "skip app.localhost: not told: no handshake of TLS 1.3",
    ],
    [
      "a certificate that nobody trusts, where it has to be",
      { trusted: true },
      { "TLS 1.3": agreed("SELF_SIGNED_CERT_IN_CHAIN") },
      "fail app.localhost: its certificate is not trusted: SELF_SIGNED_CERT_IN_CHAIN",
    ],
  ])("%s", (_, changes, handshakes, text) => {
    expect(told(judgeTls({ ...expected, ...changes }, found(handshakes)))).toBe(text);
  });

  test("a host that asks for a client's certificate ends TLS 1.2 without one", () => {
    const guarded = judgeTls({ ...expected, guarded: true }, found({ "TLS 1.2": { kind: "refused", alert: 42 } }));
    expect(guarded.status).toBe("pass");
  });

  test.each<[string, Partial<TlsExpectation>, string[]]>([
    ["of the host", {}, []],
    ["of another", { host: "other.localhost" }, ["its certificate is for another name"]],
    ["expired", { now: new Date("2027-02-01") }, ["its certificate expired on Jan  1 00:00:00 2027 GMT"]],
    ["not yet good", { now: new Date("2025-02-01") }, ["its certificate is good only from Jan  1 00:00:00 2026 GMT"]],
    ["one's own", { fingerprints: ["BB", "AA"] }, []],
    ["another than one's own", { fingerprints: ["BB"] }, ["its certificate is none of those in the stack's file"]],
  ])("a certificate %s", (_, changes, faults) => {
    expect(certificateFaults(certificate, { ...expected, ...changes })).toEqual(faults);
  });
});

describe("security headers", () => {
  const sent = (changes: Readonly<Record<string, string>> = {}): EdgeAnswer["headers"] => ({
    ...Object.fromEntries(
      Object.entries(responseHeaders())
        .filter(([, value]) => value !== "")
        .map(([name, value]) => [name.toLowerCase(), value]),
    ),
    ...changes,
  });
  const without = (name: string): EdgeAnswer["headers"] =>
    Object.fromEntries(Object.entries(sent()).filter(([key]) => key !== name));

  test.each<[string, Parameters<typeof headerFaults>[0], EdgeAnswer["headers"], string[]]>([
    ["the default set", {}, sent(), []],
    ["one is missing", {}, without("x-frame-options"), ["X-Frame-Options is missing"]],
    ["one is weaker", {}, sent({ "x-frame-options": "ALLOW" }), ["X-Frame-Options is ALLOW"]],
    ["a banner", {}, sent({ server: "nginx" }), ["Server is sent: nginx"]],
    ["the route's own", { extra: { "X-Frame-Options": "SAMEORIGIN" } }, sent(), ["X-Frame-Options is DENY"]],
    ["one that the route removes", { extra: { "X-Frame-Options": "" } }, without("x-frame-options"), []],
    [
      "the application's own",
      { fromApplication: ["Content-Security-Policy"] },
      sent({ "content-security-policy": "default-src 'self'" }),
      [],
    ],
    [
      "the application's own, which is not there",
      { fromApplication: ["Content-Security-Policy"] },
      without("content-security-policy"),
      ["Content-Security-Policy is missing"],
    ],
  ])("%s", (_, overrides, headers, faults) => {
    expect(headerFaults(overrides, headers)).toEqual(faults);
  });

  test("no answer says nothing", () => {
    expect(told(judgeHeaders("https://a", {}, "reset"))).toBe("skip https://a: not told: reset");
    expect(judgeHeaders("https://a", {}, answer(200)).status).toBe("fail");
  });
});
