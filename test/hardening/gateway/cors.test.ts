import { corsRequest, corsResponse } from "../../../hardening/gateway/cors";
import { cors } from "./input";

describe("a request from another origin", () => {
  const [remembered = "", answered = "", silent = "", ...more] = corsRequest({
    ...cors,
    allowedOrigins: ["https://app.example.com", "https://*.b.com:8443"],
  });

  test("is remembered where the whole origin is listed, as it is written", () => {
    expect(remembered).toBe(
      "http-request set-var(txn.origin) req.hdr(origin) if { req.hdr(origin) -m reg " +
        "'^(?:https:\\/\\/app\\.example\\.com|https:\\/\\/\\*\\.b\\.com:8443)$' }",
    );
    expect(corsRequest({ ...cors, allowedOrigins: ["*"] })[0]).toBe(
      "http-request set-var(txn.origin) req.hdr(origin) if { req.hdr(origin) -m found }",
    );
  });

  test("is answered here where it is a preflight: with what is allowed, or with nothing", () => {
    const preflight = "if { method OPTIONS } { req.hdr(access-control-request-method) -m found }";
    expect(answered).toBe(
      'http-request return status 204 hdr Access-Control-Allow-Methods "GET, POST" ' +
        `hdr Access-Control-Allow-Headers "content-type" hdr Access-Control-Max-Age 600 ${preflight} ` +
        "{ var(txn.origin) -m found }",
    );
    expect(silent).toBe(`http-request return status 204 ${preflight}`);
    expect(more).toEqual([]);
    expect(corsRequest({ ...cors, allowedHeaders: [], allowedMethods: [] })[1]).toBe(
      `http-request return status 204 hdr Access-Control-Max-Age 600 ${preflight} { var(txn.origin) -m found }`,
    );
  });
});

describe("an answer to another origin", () => {
  const known = "if { var(txn.origin) -m found }";

  test("names the origin, and allows credentials where the route does", () => {
    const lines = corsResponse(cors);
    expect(lines).toContain(`http-after-response set-header Access-Control-Allow-Origin %[var(txn.origin)] ${known}`);
    expect(lines).toContain(`http-after-response set-header Access-Control-Allow-Credentials true ${known}`);
    expect(lines).toContain("http-after-response add-header Vary Origin");
    expect(corsResponse({ ...cors, allowCredentials: false }).join()).not.toContain("Credentials");
  });

  test("names any origin where all may read, which is the same for all of them", () => {
    const lines = corsResponse({ ...cors, allowedOrigins: ["*"], allowCredentials: false });
    expect(lines).toContain(`http-after-response set-header Access-Control-Allow-Origin * ${known}`);
    expect(lines.join()).not.toContain("Vary");
  });

  test("loses first what the application says of origins", () => {
    expect(corsResponse(cors)[0]).toMatch(/^http-after-response del-header Access-Control- -m beg/);
  });
});
