import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../config";
import { readStackFile, StackFileError, type StackFile } from "../../plan";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rampart-plan-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function read(stackFile: string, projectFile = "name: rampart\n", stack = "dev"): StackFile {
  writeFileSync(join(directory, "Pulumi.yaml"), projectFile);
  writeFileSync(join(directory, "Pulumi.dev.yaml"), stackFile);
  return readStackFile(directory, stack);
}

describe("a stack's file", () => {
  test("is read as the engine hands it over: text as it is, the rest as JSON, keys in full", () => {
    expect(
      read(
        "config:\n  rampart:environment: dev\n  name: short\n  rampart:services: { web: { port: 8080 } }\n" +
          "  rampart:flag: false\n  docker:host: unix:///x\n  rampart:empty:\n",
      ),
    ).toEqual({
      stack: "dev",
      project: "rampart",
      values: {
        "rampart:environment": "dev",
        "rampart:name": "short",
        "rampart:services": '{"web":{"port":8080}}',
        "rampart:flag": "false",
        "docker:host": "unix:///x",
        "rampart:empty": "",
      },
      secretKeys: [],
    });
  });

  test("takes the defaults of Pulumi.yaml, in each of their forms, and overrides them", () => {
    const project =
      "name: shop\nconfig:\n  a: { type: string, default: one }\n  b: { value: [2] }\n  c: three\n" +
      "  d: { type: string }\n  rampart:e: five\n";
    expect(read("config:\n  shop:c: other\n", project)).toMatchObject({
      project: "shop",
      values: { "shop:a": "one", "shop:b": "[2]", "shop:c": "other", "rampart:e": "five" },
    });
    expect(read("config: {}\n", project).values).not.toHaveProperty("shop:d");
  });

  test("of an organisation's stack is found by the stack's own name", () => {
    expect(read("config: { rampart:name: x }\n", "name: rampart\n", "acme/rampart/dev").values).toEqual({
      "rampart:name": "x",
    });
  });

  test("without a configuration has no values", () => {
    expect(read("encryptionsalt: v1:abc\n").values).toEqual({});
    expect(read("").values).toEqual({});
  });

  test("keeps encrypted values apart, and decrypts nothing", () => {
    const { values, secretKeys } = read("config:\n  rampart:smtpPassword: { secure: AAABBBcipher }\n");
    expect(secretKeys).toEqual(["rampart:smtpPassword"]);
    expect(values["rampart:smtpPassword"]).toMatch(/^[A-Za-z0-9]{40,}$/);
    expect(values["rampart:smtpPassword"]).not.toContain("cipher");
  });

  test("with an encrypted value inside of a structure is faulty, and says how to mend it", () => {
    const file = read("config:\n  rampart:services: { web: { environment: { A: { secure: AAABBBcipher } } } }\n");
    expect(file.secretKeys).toEqual(["rampart:services"]);
    const short = (key: string): string => key.replace(/^rampart:/, "");
    const load = (): unknown =>
      loadConfig({
        stack: "dev",
        values: Object.fromEntries(Object.entries(file.values).map(([key, value]) => [short(key), value])),
        secretKeys: file.secretKeys.map(short),
      });
    expect(load).toThrow(
      "rampart:services\n     given:   an encrypted value inside a structure\n" +
        "     allowed: plain structure; secrets as flat keys of their own, which stay encrypted",
    );
  });

  test("that does not exist is named, with the way out", () => {
    writeFileSync(join(directory, "Pulumi.yaml"), "name: rampart\n");
    const path = join(directory, "Pulumi.prod.yaml");
    expect(() => readStackFile(directory, "prod")).toThrow(
      new StackFileError(`there is no ${path}; create it, or name another with --config-file <path>`),
    );
    expect(() => readStackFile(directory, "prod", "/nonexistent.yaml")).toThrow(
      "there is no /nonexistent.yaml; create it",
    );
  });

  test("that is not YAML is named, with the line", () => {
    const broken = (): StackFile => read("config:\n  a: [1\n  b: 2\n");
    expect(broken).toThrow(StackFileError);
    expect(broken).toThrow(/Pulumi\.dev\.yaml is not valid YAML: .*line 3/s);
  });
});
