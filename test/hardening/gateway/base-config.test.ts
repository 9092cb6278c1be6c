import {
  buffersOf,
  BUFFER_BYTES,
  GATEWAY_BASE_MIB,
  LARGEST_HEADERS,
  LEAST_GATEWAY_MIB,
  renderGatewayBase,
  sentHeaders,
} from "../../../hardening/gateway/base-config";

const base = { connections: { perClient: 256, total: 1500 }, memoryMiB: 128 };
const text = renderGatewayBase(base);

test("reads as what the gateway starts with", () => expect(text).toMatchSnapshot());

test("is the same bytes each time", () => expect(renderGatewayBase(base)).toBe(text));

describe("the memory of the gateway", () => {
  test("is buffers, beside what HAProxy takes: as many as fit", () => {
    expect([buffersOf(128), buffersOf(LEAST_GATEWAY_MIB), LEAST_GATEWAY_MIB]).toEqual([1280, 128, 56]);
    for (const memoryMiB of [56, 100, 128, 1000])
      expect(GATEWAY_BASE_MIB + (buffersOf(memoryMiB) * BUFFER_BYTES) / 1_048_576).toBeLessThanOrEqual(memoryMiB);
    expect(renderGatewayBase({ ...base, memoryMiB: 56 })).toContain("tune.buffers.limit 128\n");
  });

  test("has room for the largest headers in one buffer, beside what the gateway adds", () => {
    const rewrite = Number(/tune\.maxrewrite (\d+)/.exec(text)?.[1]);
    expect(LARGEST_HEADERS + rewrite).toBeLessThan(BUFFER_BYTES);
    expect(text).toContain(`tune.bufsize ${BUFFER_BYTES}\n`);
  });
});

test("connections and threads are the stack's; the gateway's own stay possible", () => {
  const other = renderGatewayBase({ ...base, connections: { perClient: 4, total: 64 }, threads: 3 });
  expect(other).toContain("    maxconn 228\n    nbthread 3\n");
  expect(text).toContain("    maxconn 3100\n    nbthread 1\n");
});

test("control, health and probe are on the container's loopback address only", () => {
  expect(text.match(/bind .*|stats socket .*/g)).toEqual([
    "stats socket /tmp/haproxy.sock mode 600 level admin expose-fd listeners",
    "stats socket ipv4@127.0.0.1:8083 level admin",
    "bind 127.0.0.1:8082",
  ]);
});

test("no request is sent twice: only a connection that was not made is tried again", () => {
  expect(text.match(/^ +retr.*/gm)?.map((line) => line.trim())).toEqual([
    "retries 15",
    "retries 3",
    "retry-on conn-failure",
  ]);
  expect(text.match(/retry-on .*/g)).toHaveLength(1);
});

test("a client that stays silent in its headers is given up", () => {
  expect(text).toContain("    timeout http-request 10s\n");
  expect(text).toContain("    option http-restrict-req-hdr-names delete\n");
});

test("what HAProxy answers by itself carries the header set", () => {
  const errors = text.split("\n").filter((line) => line.trim().startsWith("http-error status"));
  expect(errors.map((line) => line.trim().split(" ")[2])).toEqual(["400", "408", "500", "502", "503", "504"]);
  expect(sentHeaders().length).toBeGreaterThan(8);
  for (const line of errors) {
    for (const [name] of sentHeaders()) expect(line).toContain(` hdr ${name} `);
    expect(line).not.toContain(" hdr Server ");
    expect(line).toContain('content-type "text/plain; charset=utf-8"');
  }
});

test("the names of services are asked of the engine, often, and an answer that is gone counts for little", () => {
  expect(text).toContain("    nameserver engine 127.0.0.11:53\n");
  expect(text).toContain("    hold valid 1s\n");
});
