/** What is written from the zod schemas is current, complete, and takes what Rampart takes. */
import Ajv, { type ValidateFunction } from "ajv";
import fc from "fast-check";
import { parse } from "yaml";
import { ENVIRONMENTS, STACK_KEYS, stackSchema } from "../../config";
import { WRITTEN } from "../../config/documentation";
import { keysSchema } from "../../config/documentation/json-schema";
import { explainedBy, placesOf, type JsonSchema } from "../../config/documentation/nodes";
import { withTables } from "../../config/documentation/tables";
import { KEY_TEXTS } from "../../config/documentation/texts";
import { files, read } from "../examples/support";
import { configurations } from "./properties-support";
import { DIGEST, happyValues, type Tree } from "./support";

const ajv = new Ajv({ strict: false, allErrors: true });
const compile = (schema: JsonSchema): ValidateFunction => ajv.compile(schema);
const FILE = JSON.parse(read("schema/rampart.schema.json")) as JsonSchema;
const validate = compile(FILE);

/** What an editor would underline: where, and what it would say. */
function underlined(file: unknown, one = validate): string[] {
  one(file);
  return (one.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const asFile = (values: Tree): unknown => ({
  config: {
    ...Object.fromEntries(Object.entries(values).map(([key, value]) => [`rampart:${key}`, value])),
    "rampart:jwtSecret": { secure: "AAAB" },
  },
});

const keys = keysSchema();
const explained = placesOf(keys).map(({ key }) => explainedBy(key));

test.each(WRITTEN.map(({ path, text }) => ({ path, text })))("$path is current: npm run schema", ({ path, text }) => {
  expect(read(path)).toBe(text(read));
});

test("every key is explained, by itself or by the keys in it", () => {
  const known = Object.keys(KEY_TEXTS);
  const silent = explained.filter(
    (key) => !Object.hasOwn(KEY_TEXTS, key) && !known.some((other) => other.startsWith(`${key}.`)),
  );
  // Their keys are explained as those of a service, and as `resources`.
  expect(silent).toEqual(["edge.gateway.cpus", "edge.gateway.memoryMiB", "edge.gateway.pids", "migration"]);
  expect(explained.length).toBeGreaterThan(150);
});

test("nothing is explained that does not exist", () => {
  expect(Object.keys(KEY_TEXTS).filter((key) => !explained.includes(key))).toEqual([]);
});

test("an editor describes every key of the file, and every key that has a text", () => {
  const silent = placesOf(FILE.properties?.["config"] ?? {}).filter(
    ({ key, schema }) =>
      schema["description"] === undefined &&
      (!key.includes(".") || Object.hasOwn(KEY_TEXTS, explainedBy(key.replace("rampart:", "")))),
  );
  expect(silent).toEqual([]);
});

test.each(Object.entries(KEY_TEXTS).filter(([, { example }]) => example !== undefined))(
  "the example of %s is allowed",
  (key, { example = "" }) => {
    const schemas = placesOf(keys).filter((place) => explainedBy(place.key) === key);
    const value: unknown = parse(example.replaceAll("sha256:<digest>", DIGEST));
    const faults = schemas.map(({ schema }) => underlined(value, compile(schema)));
    expect([key, faults.some((found) => found.length === 0) ? [] : faults]).toEqual([key, []]);
  },
);

describe("the JSON schema", () => {
  const stackFiles = [...files(".", /^Pulumi\.[a-z]+\.yaml$/), ...files("examples", /\.yaml$/)];

  test.each(stackFiles)("takes %s, which names it", (file) => {
    expect(underlined(parse(read(file)))).toEqual([]);
    expect(read(file).split("\n")[0]).toBe(
      `# yaml-language-server: $schema=${file.includes("/") ? "../" : ""}schema/rampart.schema.json`,
    );
  });

  it("takes what Rampart takes", () => {
    fc.assert(
      fc.property(configurations, (values) => {
        expect(underlined(asFile(values))).toEqual([]);
      }),
      { numRuns: 50, seed: 11 },
    );
  });

  it("underlines a misspelt key, a wrong value and a plain secret", () => {
    const values = happyValues();
    const api = (values["services"] as Record<string, Tree>)["api"] ?? {};
    api["cach"] = true;
    api["data"] = "all";
    values["smtpPassword"] = "hunter2";
    const found = underlined(asFile(values));
    expect(found).toContain("/config/rampart:services/api must NOT have additional properties");
    expect(found).toContain("/config/rampart:services/api/data must be equal to one of the allowed values");
    expect(found).toContain("/config/rampart:smtpPassword must be object");
    expect(found).toHaveLength(3);
  });

  it("leaves other namespaces to Pulumi, and defaults that depend on the environment out", () => {
    expect(underlined({ config: { "docker:host": "ssh://deploy@host" }, encryptionsalt: "v1:…" })).toEqual([]);
    expect(FILE.properties?.["config"]?.properties?.["rampart:edge"]?.properties?.["httpsPort"]).toEqual({
      description: expect.stringContaining("Default: 8443 in dev, else 443.") as unknown,
      type: "integer",
      minimum: 1,
      maximum: 65_535,
      examples: [443],
    });
  });
});

it("refuses a page that lacks a table, and a text without a key", () => {
  expect(() => withTables("# Configuration\n", keys)).toThrow('docs/configuration.md has no table under "The stack"');
});

test("the list of keys is the schema's", () => {
  for (const environment of ENVIRONMENTS)
    expect([...STACK_KEYS].sort()).toEqual(Object.keys(stackSchema({ environment }).shape).sort());
});
