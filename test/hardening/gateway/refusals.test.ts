import { ACCESS_LOG, ACCESS_LOG_FIELDS } from "../../../hardening/gateway/access-log";
import { answer, refuse, REFUSALS, sampleRefusals, type Refusal } from "../../../hardening/gateway/refusals";

test("the first refusal stays", () => {
  expect(refuse("method", "!{ method GET }")).toBe(
    "http-request set-var(txn.refusal) str(method) if !{ var(txn.refusal) -m found } !{ method GET }",
  );
});

test("each refusal has its status", () => {
  expect(Object.fromEntries(Object.entries(REFUSALS).map(([name, { status }]) => [name, status]))).toEqual({
    path: 400,
    host: 404,
    method: 405,
    "body-length": 411,
    "body-size": 413,
    "content-type": 415,
    misdirected: 421,
    rate: 429,
    "in-flight": 429,
    headers: 431,
    source: 403,
    credentials: 401,
    authority: 503,
  });
});

test.each(Object.keys(REFUSALS) as Refusal[])("the answer to %s says why, and which request it was", (refusal) => {
  const { status, text } = REFUSALS[refusal];
  expect(answer(refusal, [["Allow", 'GET, "x" $y']])).toBe(
    `http-request return status ${status} content-type "text/plain; charset=utf-8" hdr Allow "GET, \\"x\\" \\$y" ` +
      `lf-string "${text} (request %[var(txn.id)])\\n" if { var(txn.refusal) -m str ${refusal} }`,
  );
});

test("thirty refusals of one client are logged a minute, and all are counted", () => {
  expect(sampleRefusals).toEqual([
    "http-request sc-inc-gpc1(0) if { var(txn.refusal) -m found }",
    "http-request set-log-level silent if { var(txn.refusal) -m found } { sc0_gpc1_rate gt 30 }",
  ]);
});

describe("the access log", () => {
  test("has these fields, and no query, header or cookie", () => {
    expect(ACCESS_LOG_FIELDS).toEqual([
      "time",
      "id",
      "client",
      "scheme",
      "protocol",
      "method",
      "host",
      "path",
      "route",
      "server",
      "status",
      "upstreamStatus",
      "refused",
      "bytesIn",
      "bytesOut",
      "requestMs",
      "upstreamMs",
      "durationMs",
      "retries",
      "end",
    ]);
    expect(ACCESS_LOG).not.toMatch(/query|%HU|%HP|%r\b|%hr|%hs|hdr|cook/);
  });

  test("escapes what a client wrote, and cuts it first, so that a line stays JSON", () => {
    for (const name of ["id", "scheme", "method", "host", "path", "route", "refusal"])
      expect(ACCESS_LOG).toMatch(new RegExp(`%\\[var\\(txn\\.${name},''\\),(?:bytes\\(0,\\d+\\),)?json\\(utf8s\\)\\]`));
    expect(ACCESS_LOG).toContain("%[var(txn.path,''),bytes(0,1024),json(utf8s)]");
    expect(ACCESS_LOG).toContain("%[var(txn.host,''),bytes(0,255),json(utf8s)]");
    expect(ACCESS_LOG).toContain("%[var(txn.method,''),bytes(0,32),json(utf8s)]");
  });
});
