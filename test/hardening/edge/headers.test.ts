import {
  DEFAULT_CONTENT_SECURITY_POLICY,
  responseHeaders,
  SECURITY_HEADERS,
  TLS_OPTIONS,
} from "../../../hardening/edge";

describe("responseHeaders", () => {
  it("is the set that the HTTP Observatory scores A+", () => {
    expect(responseHeaders()).toMatchObject({
      "Content-Security-Policy": DEFAULT_CONTENT_SECURITY_POLICY,
      "Cross-Origin-Embedder-Policy": "require-corp",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Referrer-Policy": "no-referrer",
      Server: "",
      "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "X-Permitted-Cross-Domain-Policies": "none",
      "X-Powered-By": "",
      "X-XSS-Protection": "0",
    });
  });

  it("has a policy without unsafe sources that starts from nothing", () => {
    expect(DEFAULT_CONTENT_SECURITY_POLICY).toMatch(/^default-src 'none'; /);
    expect(DEFAULT_CONTENT_SECURITY_POLICY).toContain("frame-ancestors 'none'");
    expect(DEFAULT_CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|http/);
  });

  it("sets, replaces (in any letter case) and removes single headers", () => {
    const headers = responseHeaders({ extra: { "x-frame-options": "SAMEORIGIN", "X-Request-Id": "", "X-Team": "a" } });
    expect(headers).toMatchObject({ "X-Frame-Options": "SAMEORIGIN", "X-Request-Id": "", "X-Team": "a" });
    expect(headers["x-frame-options"]).toBeUndefined();
    expect(headers["Referrer-Policy"]).toBe("no-referrer");
  });

  it("takes a route's own policy", () => {
    const contentSecurityPolicy = "default-src 'self'";
    expect(responseHeaders({ contentSecurityPolicy })["Content-Security-Policy"]).toBe(contentSecurityPolicy);
  });

  it("leaves to the application what it asks for", () => {
    const headers = responseHeaders({ fromApplication: ["content-security-policy"] });
    expect(headers).not.toHaveProperty("Content-Security-Policy");
    expect(Object.keys(headers)).toHaveLength(SECURITY_HEADERS.length - 1);
  });

  it("refuses a line break, a bad name, and leaving what it does not set", () => {
    expect(() => responseHeaders({ extra: { "X-A": "b\r\nSet-Cookie: c=d" } })).toThrow(
      "headers.X-A: the value must be one line of printable ASCII",
    );
    expect(() => responseHeaders({ extra: { "X A": "b" } })).toThrow('headers.extra: "X A" is not a header name');
    expect(() => responseHeaders({ fromApplication: ["X-Typo"] })).toThrow(
      'headers.fromApplication: "X-Typo" is not a header that the edge sets; allowed: Content-Security-Policy, ',
    );
  });
});

describe("TLS_OPTIONS", () => {
  it("is Mozilla's guideline", () => {
    const curvePreferences = ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"];
    expect(TLS_OPTIONS.modern).toEqual({ minVersion: "VersionTLS13", curvePreferences });
    expect(TLS_OPTIONS.intermediate).toMatchObject({ minVersion: "VersionTLS12", curvePreferences });
    expect(TLS_OPTIONS.intermediate.cipherSuites).toHaveLength(6);
    for (const suite of TLS_OPTIONS.intermediate.cipherSuites ?? [])
      expect(suite).toMatch(/^TLS_ECDHE_.*(GCM|POLY1305)/);
  });
});
