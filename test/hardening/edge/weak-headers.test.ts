import fc from "fast-check";
import { DEFAULT_CONTENT_SECURITY_POLICY, SECURITY_HEADERS } from "../../../hardening/edge/headers";
import { changedHeaders, headerWeakness, weakHeaders } from "../../../hardening/edge/weak-headers";

const weak = (contentSecurityPolicy: string): string | undefined =>
  weakHeaders({ contentSecurityPolicy, response: {} })[0]?.why;

test("the default set weakens nothing, and none of it can be removed unnoticed", () => {
  for (const { name, value } of SECURITY_HEADERS) {
    expect(headerWeakness(name, value)).toBeUndefined();
    if (value !== "") expect(headerWeakness(name.toLowerCase(), "")).toMatch(/: it is removed$/);
  }
  expect(headerWeakness("X-Robots-Tag", "")).toBeUndefined();
});

test("HSTS of less than a year is weak", () =>
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70_000_000 }), (age) => {
      const why = headerWeakness("Strict-Transport-Security", `includeSubDomains; MAX-AGE=${age}`);
      expect(why === undefined).toBe(age >= 31_536_000);
    }),
  ));

test.each([
  ["", "injected markup cannot load or send anything no more: it is removed"],
  [" ; ;", "there is no policy"],
  ["img-src 'self'", "it has neither default-src nor script-src"],
  ["default-src *", "scripts may come from *"],
  ["default-src 'self' 'unsafe-inline'", "scripts may come from 'unsafe-inline'"],
  ["default-src 'none'; script-src 'self' data:", "scripts may come from data:"],
  ["script-src 'none'; script-src *; object-src *", "plugins may come from *"],
  ["default-src 'self'; frame-ancestors *", "any page may frame it"],
])("the policy %j: %s", (policy, why) => expect(weak(policy)).toBe(why));

test.each([
  DEFAULT_CONTENT_SECURITY_POLICY,
  "default-src 'self'",
  "default-src 'none'; script-src 'self' 'nonce-abc' 'unsafe-inline' 'strict-dynamic'",
  "default-src 'self'; img-src *; style-src 'unsafe-inline'",
])("the policy %j holds", (policy) => expect(weak(policy)).toBeUndefined());

test("what a route sends in place of the default set is named, weak or not", () => {
  const headers = {
    contentSecurityPolicy: "default-src 'self'",
    response: { "x-frame-options": "SAMEORIGIN", "X-A": "b" },
  };
  expect(changedHeaders(headers)).toEqual(["Content-Security-Policy", "X-Frame-Options"]);
  expect(weakHeaders(headers)).toEqual([]);
  // The edge sends what stands under `response`.
  expect(
    weakHeaders({
      contentSecurityPolicy: "default-src *",
      response: { "Content-Security-Policy": "default-src 'self'" },
    }),
  ).toEqual([]);
});
