/** What holds of every message, whatever is wrong with a configuration. */
import fc from "fast-check";
import { ConfigError, loadConfig, stackSchema, type Fault } from "../../config";
import { hasUnseen, jsonText, printable, quote } from "../../config/text";
import { exampleAt } from "../../config/value-hints";
import { keysAt } from "../../config/schema-keys";
import { trustedProxyCheck } from "../../config/values/addresses";
import { reasonCheck } from "../../config/values/reason";
import { CREDENTIAL_SHAPES, hasCredentials } from "../../config/values/secret-shapes";
import { change, changed, faultsOf, happyValues, rawConfig, type Tree } from "./support";

const SECRET = "hunter2hunter2";
const UNSEEN = ["\u001b[2J", "\u202e", "\u2066", "\u200b", "\u2028", "\u0085", "\ufeff", "\u{e0041}", "\ue000"];

function faultsOfValues(values: Tree): readonly Fault[] {
  try {
    loadConfig(rawConfig(values), { whole: true });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** All paths of a tree. */
const paths = (value: unknown, at: readonly string[] = []): string[] =>
  typeof value !== "object" || value === null
    ? [at.join(".")]
    : [
        ...(at.length === 0 ? [] : [at.join(".")]),
        ...Object.entries(value).flatMap(([key, child]) => paths(child, [...at, key])),
      ];

const anywhere = fc.constantFrom(...paths(happyValues()).filter((path) => !path.startsWith("jwtSecret")));

const wellSaid = ({ path, given, allowed, fix }: Fault): void => {
  for (const part of [path, given, allowed, fix]) {
    expect(part.trim()).not.toBe("");
    expect(hasUnseen(part)).toBe(false);
  }
  expect(path).toMatch(/^rampart:[\w"(]/);
  expect([given, allowed, fix].join(" ").length).toBeLessThan(2500);
};

describe("every fault", () => {
  test("has its four parts, and no character that nobody sees", () =>
    fc.assert(
      fc.property(
        anywhere,
        fc.constantFrom(...UNSEEN),
        fc.constantFrom("value", "key", "element"),
        fc.string({ maxLength: 12 }),
        (path, unseen, how, text) => {
          const values = happyValues();
          const hostile = `${text}${unseen}x`;
          if (how === "key") change(values, path, { [hostile]: 1 });
          else change(values, path, how === "value" ? hostile : [hostile]);
          faultsOfValues(values).forEach(wellSaid);
        },
      ),
      { numRuns: 600, seed: 21 },
    ));

  test("shows no secret that a program was to be given, in whatever form it stands there", () =>
    fc.assert(
      fc.property(
        fc.constantFrom(
          "command",
          "entrypoint",
          "environment",
          "secrets",
          "healthCheck.command",
          "secretsInEnvironment",
        ),
        fc.constantFrom<(secret: string) => unknown>(
          (secret) => secret,
          (secret) => `--password ${secret}`,
          (secret) => `NAME=${secret}`,
          (secret) => [`PASSWORD=${secret}`, 5],
          (secret) => ({ A: [secret], B: 5 }),
          (secret) => ({ A: { value: secret } }),
          (secret) => ({ DB_PASSWORD: secret }),
          (secret) => ({ [`DB_PASSWORD=${secret}`]: "" }),
          (secret) => ["serve", "--token", secret],
          (secret) => ({ name: "DB_PASSWORD", value: { text: secret } }),
        ),
        (key, form) => {
          const faults = faultsOf({ [`services.api.${key}`]: form(SECRET) });
          expect(JSON.stringify(faults)).not.toContain(SECRET);
        },
      ),
      { numRuns: 300, seed: 22 },
    ));

  test("is told once, and no more than a person can mend", () => {
    const values = {
      ...happyValues(),
      ...Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, 1])),
    };
    expect(faultsOfValues(values).length).toBeLessThanOrEqual(100);
    const fault = { path: "rampart:a", given: "b", allowed: "c", fix: "d" };
    expect(new ConfigError("dev", [fault, { ...fault }]).faults).toEqual([fault]);
  });
});

describe("a text in a message", () => {
  test("has every such character as its code, and is short", () => {
    expect(printable("a\u202eb\u001b[1m\u{e0041}")).toBe("a\\u202eb\\u001b[1m\\u{e0041}");
    expect(printable("Grüße 👨‍👩‍👧 مرحبا")).toBe("Grüße 👨‍👩‍👧 مرحبا");
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        expect(hasUnseen(quote(text))).toBe(false);
        expect(quote(text).length).toBeLessThanOrEqual(130);
      }),
    );
  });
});

describe("JSON", () => {
  test("has the code of every character that nobody sees, and is the same value", () => {
    expect(jsonText({ "a\u202e": ["\u0085\u007f", "\u{e0041}", "Grüße\n"] })).toBe(
      '{\n  "a\\u202e": [\n    "\\u0085\\u007f",\n    "\\udb40\\udc41",\n    "Grüße\\n"\n  ]\n}',
    );
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary", maxDepth: 2 }), (value) => {
        const text = jsonText(value);
        expect(hasUnseen(text.replaceAll("\n", ""))).toBe(false);
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value));
      }),
    );
  });
});

describe("no text is looked at without end", () => {
  test("a text that is longer than its key allows is refused before anything looks for a form in it", () => {
    const long = "a://b:".repeat(40_000);
    for (const [path, value] of [
      ["name", long],
      ["acmeEmail", long],
      ["services.api.image", long],
      ["services.api.routes", [{ host: long }]],
      ["services.api.routes", [{ host: "app.acme-shop.com", pathPrefix: long }]],
      ["edge.trustedProxies", [long]],
      ["database.name", long],
      ["database.backups", { repository: long }],
      ["services.api.command", [long]],
      ["services.api.environment", { A: long }],
      ["services.api.environment", { [long]: "" }],
      [long, {}],
    ] as const) {
      const values = changed({});
      if (path === long) values[path] = value;
      else change(values, path, value);
      const faults = faultsOfValues(values);
      expect([path.slice(0, 40), faults.length > 0]).toEqual([path.slice(0, 40), true]);
      faults.forEach(wellSaid);
    }
  });

  test.each(CREDENTIAL_SHAPES.map((shape) => [shape.source]))("%s takes a bounded part of a text", (source) => {
    // A repetition without an upper bound would begin again at each place of a long text.
    expect(source.replace(/\\.|\[(?:\\.|[^\]])*\]/g, "c")).not.toMatch(/[*+]|\{\d+,\}/);
  });

  test("a list or an object has a bounded number of elements", () => {
    const [fault] = faultsOf({ "services.api.command": Array.from({ length: 1001 }, () => "x") });
    expect(fault).toMatchObject({
      path: "rampart:services.api.command",
      given: "1001 elements",
      allowed: "at most 1000",
    });
  });
});

describe("a URL with a password", () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  test("is found wherever it stands", () =>
    fc.assert(
      fc.property(word, word, word, fc.string({ maxLength: 20 }), (user, password, host, before) => {
        expect(hasCredentials(`${before} x=postgres://${user}:p${password}@${host}`)).toBe(true);
      }),
    ));
});

describe("proxies that are everybody", () => {
  const byte = fc.integer({ min: 0, max: 255 });
  test("are refused in each spelling of an IPv4 address as IPv6", () =>
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), fc.integer({ min: 0, max: 128 }), (bytes, bits) => {
        const dotted = bytes.join(".");
        const hex = `${((bytes[0] << 8) | bytes[1]).toString(16)}:${((bytes[2] << 8) | bytes[3]).toString(16)}`;
        for (const address of [`::ffff:${dotted}`, `::ffff:${hex}`, `0:0:0:0:0:FFFF:${hex}`])
          expect(trustedProxyCheck(`${address}/${bits}`)).toBeDefined();
      }),
    ));
  test("are refused where two or a few subnets would make everybody", () =>
    fc.assert(
      fc.property(fc.tuple(byte, byte, byte, byte), fc.integer({ min: 0, max: 7 }), (bytes, bits) => {
        expect(trustedProxyCheck(`${bytes.join(".")}/${bits}`)).toBeDefined();
      }),
    ));
});

describe("a reason", () => {
  test("without words is none, however long", () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."._-–…!?#*=/0123456789 x".split("")), maxLength: 80 }),
        (text) => {
          expect(reasonCheck(text)).toBeDefined();
        },
      ),
    ));
  test("is none where a placeholder is repeated", () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("todo", "TBD", "n/a", "fixme", "reason", "because", "xxx"), { maxLength: 12 }),
        (words) => {
          expect(reasonCheck(words.join(" "))).toBeDefined();
        },
      ),
    ));
});

test("an example of a value is one that its key takes", () => {
  const schema = stackSchema({ environment: "dev" });
  const shown = (path: readonly PropertyKey[]): string[] =>
    keysAt(schema, path).flatMap((key) => (exampleAt([...path, key]) === undefined ? [] : [key]));
  expect(shown([])).toEqual(expect.arrayContaining(["database", "edge", "services"]));
  expect(shown(["services", "api"])).toEqual(expect.arrayContaining(["command", "environment", "image", "routes"]));
});
