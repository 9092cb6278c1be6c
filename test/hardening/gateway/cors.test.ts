import { corsOrigin, corsPreflight, corsResponse } from "../../../hardening/gateway/cors";
import { cors } from "./input";

describe("a request from another origin", () => {
  const listed = { ...cors, allowedOrigins: ["https://app.example.com", "https://*.b.com:8443"] };

  test("is remembered where the whole origin is listed, as it is written", () => {
    expect(corsOrigin(listed)[0]).toBe(
      "http-request set-var(txn.origin) req.fhdr(origin) if { req.fhdr(origin) -m reg " +
        "'^(?:https:\\/\\/app\\.example\\.com|https:\\/\\/\\*\\.b\\.com:8443)$' }",
    );
    expect(corsOrigin({ ...cors, allowedOrigins: ["*"] })[0]).toBe(
      "http-request set-var(txn.origin) req.fhdr(origin) if { req.fhdr(origin) -m found }",
    );
  });

  test("is a preflight where it asks for a method", () => {
    expect(corsOrigin(cors).slice(1)).toEqual([
      "http-request set-var(txn.preflight) bool(true) if { method OPTIONS } " +
        "{ req.hdr(access-control-request-method) -m found }",
    ]);
  });

  test("is answered here where it is a preflight: with what is allowed, or with nothing", () => {
    const preflight = "if { var(txn.preflight) -m bool }";
    expect(corsPreflight(cors)).toEqual([
      'http-request return status 204 hdr Access-Control-Allow-Methods "GET, POST" ' +
        `hdr Access-Control-Allow-Headers "content-type" hdr Access-Control-Max-Age 600 ${preflight} ` +
        "{ var(txn.origin) -m found }",
      `http-request return status 204 ${preflight}`,
    ]);
    expect(corsPreflight({ ...cors, allowedHeaders: [], allowedMethods: [] })[0]).toBe(
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
    expect(corsResponse(cors)[0]).toBe(
      "http-after-response del-header Access-Control- -m beg unless { var(txn.preflight) -m bool }",
    );
  });
});
