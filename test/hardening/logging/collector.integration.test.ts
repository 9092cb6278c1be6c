/** What the collector's scripts decide, in a real HAProxy: what is read, what is sent, and what becomes of it. */
import { authorityCertificate, serverCertificate } from "../../../hardening/pki/certificates";
import { SEED_BYTES } from "../../../hardening/pki/keys";
import { certificatePeriod } from "../../../hardening/pki/period";
import type { SinkProtocol } from "../../../hardening/logging/collector";
import { describeWith } from "../../programs";
import { Collector, FakeEngine, STACK, type CollectorSettings, type Printed } from "./collector-process";
import { HttpSink, protobuf, syslogMessages, TcpSink, unpack } from "./sinks";

const ACCESS =
  '{"time":"x","id":"req-1","status":200,"durationMs":1.5,"ok":true,"nested":{"a":[1]},"no":null,"host":"caf\\u00e9"}';
const line = (second: number, text: string, more: Partial<Printed> = {}): Printed => ({
  time: `2026-11-24T18:00:${String(second).padStart(2, "0")}.123456789Z`,
  text: `${text}\n`,
  ...more,
});

describeWith("haproxy")("the collector", () => {
  let engine: FakeEngine;
  let collector: Collector | undefined;
  const stops: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    engine = await FakeEngine.start();
    engine.add("a", "gateway", "gateway");
  });
  afterEach(async () => {
    await collector?.remove();
    collector = undefined;
    for (const stop of stops.splice(0)) await stop();
    await engine.stop();
  });

  async function collect(settings: Omit<CollectorSettings, "engine">): Promise<Collector> {
    const made = new Collector({ engine, ...settings });
    collector = made;
    await made.start();
    return made;
  }

  async function overHttp(
    protocol: SinkProtocol,
    more: Partial<CollectorSettings> = {},
  ): Promise<[HttpSink, Collector]> {
    const sink = await HttpSink.start();
    stops.push(() => sink.stop());
    return [sink, await collect({ sink: { protocol, host: "127.0.0.1", port: sink.port, tls: "off" }, ...more })];
  }

  /** The lines that the stack's own sink took, in their order. */
  const stored = (sink: HttpSink): Record<string, string>[] =>
    sink.requests.flatMap(({ body }) =>
      body
        .toString()
        .trimEnd()
        .split("\n")
        .map((one) => JSON.parse(one) as Record<string, string>),
    );
  const texts = (sink: HttpSink): (string | undefined)[] => stored(sink).map((one) => one["_msg"]);

  test("the stack's own sink: a JSON object a line, with the fields of the access log", async () => {
    const [sink, made] = await overHttp("builtin", { path: "/insert/jsonline?_stream_fields=stack" });
    engine.print("a", line(1, ACCESS), line(2, "plain \u00ff text", { stream: "stderr" }));
    await made.until("both lines", () => stored(sink).length === 2);
    expect(stored(sink)[0]).toEqual({
      _time: "2026-11-24T18:00:01.123456789Z",
      _msg: ACCESS,
      stack: STACK,
      container: "gateway",
      component: "gateway",
      instance: "a".repeat(12),
      stream: "stdout",
      time: "x",
      id: "req-1",
      status: "200",
      durationMs: "1.5",
      ok: "true",
      nested: '{"a":[1]}',
      host: "caf\u00e9",
    });
    // A byte that is no UTF-8 is shown as such.
    expect(stored(sink)[1]).toMatchObject({ _msg: "plain \ufffd text", stream: "stderr" });
    expect(sink.requests[0]).toMatchObject({ path: "/insert/jsonline?_stream_fields=stack" });
  });

  test("a line that is no JSON, or that says another container's name, stays what it is", async () => {
    const [sink, made] = await overHttp("builtin");
    const lines = ['{"broken', '{"a":1} tail', '{"container":"postgres","_time":"0","_msg":"forged"}', "[1]", "{}"];
    engine.print("a", ...lines.map((text, at) => line(at, text)));
    await made.until("all lines", () => stored(sink).length === lines.length);
    expect(texts(sink)).toEqual(lines);
    expect(stored(sink)[2]).toMatchObject({ container: "gateway", _time: "2026-11-24T18:00:02.123456789Z" });
  });

  test("Loki: streams with few labels, and headers whose values are secret", async () => {
    const [sink, made] = await overHttp("loki", {
      path: "/loki/api/v1/push",
      secrets: { sink_headers: "Authorization: Basic abc\nX-Scope-OrgID: acme\n" },
    });
    engine.print("a", line(1, ACCESS), line(2, 'say "hi"\t\\'));
    await made.until("the push", () => sink.requests.length > 0);
    expect(sink.requests[0]?.headers).toMatchObject({
      authorization: "Basic abc",
      "content-type": "application/json",
      "x-scope-orgid": "acme",
    });
    expect(sink.requests.map(({ body }) => JSON.parse(body.toString()) as unknown)[0]).toEqual({
      streams: [
        {
          stream: { component: "gateway", container: "gateway", stack: STACK, stream: "stdout" },
          values: [
            ["1795543201123456789", ACCESS],
            ["1795543202123456789", 'say "hi"\t\\'],
          ],
        },
      ],
    });
  });

  test("OTLP: a record a line, the fields as attributes of their types", async () => {
    const [sink, made] = await overHttp("otlp", { path: "/v1/logs" });
    engine.print("a", line(1, ACCESS));
    await made.until("the export", () => sink.requests.length > 0);
    const body = sink.requests[0]?.body ?? Buffer.alloc(0);
    const within = (bytes: Buffer, field: number): Buffer[] =>
      protobuf(bytes).flatMap((one) => (one.field === field && Buffer.isBuffer(one.value) ? [one.value] : []));
    const attributes = (bytes: readonly Buffer[]): Record<string, unknown> =>
      Object.fromEntries(
        bytes.map((one) => {
          const [name, value] = protobuf(one);
          const [of] = protobuf(value?.value as Buffer);
          return [String(name?.value), [of?.field, Buffer.isBuffer(of?.value) ? of.value.toString() : of?.value]];
        }),
      );
    const [resourceLogs = Buffer.alloc(0)] = within(body, 1);
    expect(attributes(within(within(resourceLogs, 1)[0] ?? body, 1))).toEqual({
      "container.id": [1, "a".repeat(64)],
      "rampart.component": [1, "gateway"],
      "service.name": [1, "gateway"],
      "service.namespace": [1, STACK],
    });
    const record = within(within(resourceLogs, 2)[0] ?? body, 2)[0] ?? body;
    expect(protobuf(record)[0]).toEqual({ field: 1, value: 1795543201123456789n });
    expect(protobuf(within(record, 5)[0] ?? body)[0]?.value.toString()).toBe(ACCESS);
    const double = Buffer.alloc(8);
    double.writeDoubleLE(1.5);
    expect(attributes(within(record, 6))).toMatchObject({
      "log.iostream": [1, "stdout"],
      id: [1, "req-1"],
      status: [3, 200n],
      ok: [2, 1n],
      durationMs: [4, double.readBigUInt64LE()],
      nested: [1, '{"a":[1]}'],
    });
  });

  test("syslog: RFC 5424, counted", async () => {
    const sink = new TcpSink();
    await sink.start();
    stops.push(() => sink.stop());
    const made = await collect({ sink: { protocol: "syslog", host: "127.0.0.1", port: sink.port, tls: "off" } });
    engine.print("a", line(1, ACCESS), line(2, "caf\u00c3\u00a9"));
    await made.until("both messages", () => syslogMessages(sink.received).length === 2);
    const head = `${STACK} gateway ${"a".repeat(12)} stdout -`;
    expect(syslogMessages(sink.received)).toEqual([
      `<134>1 2026-11-24T18:00:01.123456Z ${head} ${ACCESS}`,
      `<134>1 2026-11-24T18:00:02.123456Z ${head} caf\u00e9`,
    ]);
  });

  test("syslog: what a connection did not bring any more is sent again over the next", async () => {
    const sink = new TcpSink();
    await sink.start();
    stops.push(() => sink.stop());
    const made = await collect({ sink: { protocol: "syslog", host: "127.0.0.1", port: sink.port, tls: "off" } });
    engine.print("a", line(1, "first"));
    await made.until("the first", () => syslogMessages(sink.received).length === 1);
    await sink.stop();
    engine.print("a", line(2, "second"));
    await made.until("the collector noticed", async () => (await made.metrics())?.["rampart_logs_sink_up"] === 0);
    await sink.start();
    await made.until("the second", () => syslogMessages(sink.received).some((one) => one.endsWith(" second")));
  });

  test("syslog: a connection that breaks after the last line is noticed, and made again for that line", async () => {
    const sink = new TcpSink();
    await sink.start();
    stops.push(() => sink.stop());
    const made = await collect({ sink: { protocol: "syslog", host: "127.0.0.1", port: sink.port, tls: "off" } });
    engine.print("a", line(1, "last"));
    await made.until("the line", () => syslogMessages(sink.received).length === 1);
    await sink.stop();
    await made.until("the collector noticed", async () => (await made.metrics())?.["rampart_logs_sink_up"] === 0);
    await sink.start();
    await made.until("the collector is back", async () => (await made.metrics())?.["rampart_logs_sink_up"] === 1);
  });

  test("fluentd: a batch is sent again until it is acknowledged", async () => {
    let quiet = true;
    const sink = new TcpSink((of, socket) => {
      const message = unpack(of.received)?.[0] as readonly [string, unknown, { readonly chunk: string }] | undefined;
      if (message === undefined) return;
      if (quiet) {
        // It goes without having said that it has the lines.
        quiet = false;
        of.received = Buffer.alloc(0);
        socket.destroy();
        return;
      }
      const { chunk } = message[2];
      socket.write(
        Buffer.concat([
          Buffer.from([0x81, 0xa3]),
          Buffer.from("ack"),
          Buffer.from([0xa0 + chunk.length]),
          Buffer.from(chunk),
        ]),
      );
    });
    await sink.start();
    stops.push(() => sink.stop());
    const made = await collect({ sink: { protocol: "fluentd", host: "127.0.0.1", port: sink.port, tls: "off" } });
    engine.print("a", line(1, ACCESS));
    await made.until(
      "the line counts as delivered",
      async () => (await made.metrics())?.["rampart_logs_delivered_lines_total"] === 1,
    );
    const [tag, records] = unpack(sink.received)?.[0] as [string, [Buffer, Record<string, unknown>][]];
    expect(tag).toBe(`rampart.${STACK}`);
    expect(records).toHaveLength(1);
    const [time, record] = records[0] ?? [Buffer.alloc(9), {}];
    expect([time.readUInt8(0), time.readUInt32BE(1), time.readUInt32BE(5)]).toEqual([0, 1795543201, 123456789]);
    expect(record).toMatchObject({
      log: ACCESS,
      container: "gateway",
      stack: STACK,
      status: 200,
      durationMs: 1.5,
      ok: true,
    });
  });

  test("a sink that is away: lines wait, and it gets each of them once", async () => {
    const [sink, made] = await overHttp("builtin");
    sink.answer = () => 503;
    engine.print("a", line(1, "one"), line(2, "two"));
    await made.until("it is known to be away", async () => (await made.metrics())?.["rampart_logs_sink_up"] === 0);
    engine.print("a", line(3, "three"));
    sink.answer = () => 200;
    await made.until("all three", () => stored(sink).length === 3);
    expect(texts(sink)).toEqual(["one", "two", "three"]);
    expect(await made.metrics()).toMatchObject({ rampart_logs_sink_up: 1, rampart_logs_waiting_bytes: 0 });
  });

  test("a line that the sink refuses for what it is holds up no other", async () => {
    const [sink, made] = await overHttp("builtin");
    sink.answer = ({ body }) => (body.includes("poison") ? 400 : 200);
    engine.print("a", line(1, "one"), line(2, "poison"), line(3, "three"), line(4, "four"));
    await made.until("the other three", () => stored(sink).length === 3);
    expect(texts(sink)).toEqual(["one", "three", "four"]);
    expect(await made.metrics()).toMatchObject({
      rampart_logs_refused_lines_total: 1,
      rampart_logs_delivered_lines_total: 3,
    });
  });

  test("after it was killed it goes on where it was, within lines of one time as well", async () => {
    const [sink, made] = await overHttp("builtin");
    engine.print("a", line(1, "one"), line(1, "two"));
    await made.until("both lines", () => stored(sink).length === 2);
    await made.until("its place is on the disk", async () => (await made.positions()).endsWith("123456789Z 2\n"));
    await made.kill();
    engine.print("a", line(1, "three"), line(2, "four"));
    await made.start();
    await made.until("the other two", () => stored(sink).length === 4);
    expect(texts(sink)).toEqual(["one", "two", "three", "four"]);
  });

  test("long lines come as one, whatever the engine cuts them into; very long ones end", async () => {
    const [sink, made] = await overHttp("builtin");
    const part = (text: string): Printed => ({ ...line(1, ""), text });
    const long = "x".repeat(16_384);
    engine.print("a", part(long), line(1, "other", { stream: "stderr" }), part(`${long}end\n`));
    engine.print("a", ...[1, 2, 3, 4, 5].map(() => part(long)), part("\n"));
    await made.until("three lines", () => stored(sink).length >= 3);
    const found = texts(sink).map((text) => text?.length);
    expect(found.slice(0, 2).sort()).toEqual([32_771, 5]);
    expect(found[2]).toBe(65_536);
  });

  test("what ended before anybody looked is read, once; carriers are not", async () => {
    engine.add("b", "migration", "job", "exited");
    engine.add("c", "files", "carrier", "exited");
    engine.print("b", line(1, "migrated"));
    engine.print("c", line(1, "never"));
    const [sink, made] = await overHttp("builtin");
    await made.until("the job's line", () => texts(sink).includes("migrated"));
    engine.print("a", line(5, "alive"));
    await made.until("the gateway's", () => texts(sink).includes("alive"));
    engine.end("a");
    const asked = engine.asked.length;
    await made.until("it looked again and again", () => engine.asked.length > asked + 5);
    expect(texts(sink).sort()).toEqual(["alive", "migrated"]);
    const logs = (digit: string): number =>
      engine.asked.filter((one) => one.includes(`${digit.repeat(64)}/logs`)).length;
    expect([logs("b"), logs("c")]).toEqual([1, 0]);
  });

  test("more than fits into a buffer of HAProxy's arrives whole, and in order", async () => {
    const count = 5000;
    engine.print(
      "a",
      ...Array.from({ length: count }, (_, at) => line(at % 60, `${at} ${"y".repeat(60)}`)).sort((a, b) =>
        a.time < b.time ? -1 : 1,
      ),
    );
    const [sink, made] = await overHttp("builtin");
    await made.until("all lines", () => sink.requests.length >= count / 500 && stored(sink).length === count);
    expect(new Set(texts(sink)).size).toBe(count);
  });

  test("TLS: the receiver is verified by its name and its authority", async () => {
    const certificates = (
      fill: number,
    ): { readonly tls: { readonly cert: string; readonly key: string }; readonly ca: string } => {
      const seed = Buffer.alloc(SEED_BYTES, fill).toString("base64");
      const period = certificatePeriod(new Date());
      const server = { seed, stackName: "acme", server: "logs", names: ["logs.acme.com"], period };
      const { certificate, privateKey } = serverCertificate(server);
      return { tls: { cert: certificate, key: privateKey }, ca: authorityCertificate({ seed, stackName: "acme" }) };
    };
    const { tls, ca } = certificates(7);
    const sink = new TcpSink(undefined, tls);
    await sink.start();
    stops.push(() => sink.stop());
    engine.print("a", line(1, "sealed"));
    const send = (host: string, trusted: string): Promise<Collector> =>
      collect({ sink: { protocol: "syslog", host, port: sink.port, tls: "own" }, secrets: { sink_ca: trusted } });
    for (const [host, trusted] of [
      ["logs.acme.com", certificates(8).ca],
      ["other.acme.com", ca],
    ] as const) {
      const made = await send(host, trusted);
      await made.until("it is away", async () => (await made.metrics())?.["rampart_logs_sink_up"] === 0);
      expect(sink.received).toHaveLength(0);
      await made.remove();
    }
    const made = await send("logs.acme.com", ca);
    await made.until("the line", () => syslogMessages(sink.received).length === 1);
  });
});
