import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { escaped, formatted, literal, quoted, section } from "../../../hardening/gateway/text";

describe("an argument", () => {
  test("stands in single quotes", () => {
    expect(quoted('a "b" $c \\d %[e] #f')).toBe(`'a "b" $c \\d %[e] #f'`);
  });
  test.each(["'", "a\nb", "a\rb", "a\0b"])("is refused with %j in it", (text) => {
    expect(() => quoted(text)).toThrow(`not an argument for HAProxy: ${JSON.stringify(text)}`);
  });
});

describe("a format", () => {
  test("stands in double quotes, in which quotes, backslashes and dollars are escaped", () => {
    expect(formatted('a "b" \\ $HOME %[src]')).toBe('"a \\"b\\" \\\\ \\$HOME %[src]"');
  });
  test.each(["a\nb", "a\rb", "a\0b"])("is refused with %j in it", (text) => {
    expect(() => formatted(text)).toThrow(`not a format for HAProxy: ${JSON.stringify(text)}`);
    expect(() => literal(text)).toThrow("not a format for HAProxy");
  });
  test("of a text has no variables", () => {
    expect(literal("%[env(HOME)] 100%")).toBe('"%%[env(HOME)] 100%%"');
  });
  test("of a text can end in nothing that it holds: quotes are even, outside of escapes", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/[\r\n\0]/.test(text)),
        (text) => {
          const written = literal(text);
          const inside = written.slice(1, -1).replaceAll(/\\./g, "");
          expect(inside).not.toMatch(/["\\$]/);
          expect(inside.replaceAll("%%", "")).not.toContain("%");
        },
      ),
    );
  });
});

test("an escaped text is matched as itself, by JavaScript and by PCRE, and nothing else is", () => {
  const special = String.raw`a.b*c+d?e^f$g{h}i(j)k|l[m]n\o/p-q`;
  expect(new RegExp(`^${escaped(special)}$`).test(special)).toBe(true);
  expect(new RegExp(`^${escaped("https://a.b")}$`).test("https://axb")).toBe(false);
  const out = execFileSync("grep", ["-cP", `^${escaped(special)}$`], { input: `${special}\n${special}x\n` });
  expect(out.toString().trim()).toBe("1");
});

test("a section's lines are indented below its head, and an empty line ends it", () => {
  expect(section("defaults", ["mode http", "log global"])).toEqual(["defaults", "    mode http", "    log global", ""]);
});
