import fc from "fast-check";
import { DEFAULT_CONTENT_SECURITY_POLICY } from "../../../hardening/edge/headers";
import { comparePolicies } from "../../../plan/summary/headers";

describe("a Content-Security-Policy", () => {
  test.each([
    [DEFAULT_CONTENT_SECURITY_POLICY, "*", "weaker"],
    [DEFAULT_CONTENT_SECURITY_POLICY, "", "weaker"],
    ["default-src 'self'", "default-src 'self'; script-src 'self' 'unsafe-inline'", "weaker"],
    ["default-src 'self'", "default-src 'self'; script-src 'none'", "stronger"],
    ["default-src 'self'", "default-src 'self'; script-src 'self'", "other"],
    ["default-src *", "default-src https://a.example", "stronger"],
    ["default-src 'none'; img-src 'self'", "default-src 'none'", "stronger"],
    ["default-src 'none'", "default-src 'none'; base-uri 'none'", "stronger"],
    ["default-src 'none'; sandbox", "default-src 'none'", "weaker"],
    ["default-src 'none'; report-uri /a", "default-src 'none'; report-uri /b", "other"],
    ["default-src 'self' https://a.example", "default-src 'self' https://b.example", "weaker"],
  ] as const)("%s → %s is %s", (before, after, expected) => expect(comparePolicies(before, after)).toBe(expected));

  const sources = fc.uniqueArray(fc.constantFrom("'self'", "https://a.example", "https://b.example", "data:"));
  const directives = fc.constantFrom("default-src", "script-src", "img-src", "form-action");
  const policies = fc.dictionary(directives, sources, { maxKeys: 4 });
  const text = (policy: Readonly<Record<string, readonly string[]>>): string =>
    Object.entries(policy)
      .map(([name, list]) => [name, ...(list.length === 0 ? ["'none'"] : list)].join(" "))
      .join("; ");

  test("is weaker with any further source, and never weaker with one less", () => {
    fc.assert(
      fc.property(policies, directives, (policy, name) => {
        const list = policy[name];
        if (list === undefined) return;
        const wider = text({ ...policy, [name]: [...list, "https://evil.example"] });
        expect(comparePolicies(text(policy), wider)).toBe("weaker");
        expect(comparePolicies(wider, text(policy))).toBe("stronger");
        expect(comparePolicies(text(policy), text(policy))).toBe("other");
      }),
    );
  });
});
