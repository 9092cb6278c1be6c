/**
 * A stack's file is read as Pulumi reads it, or refused with a key, what was given, what is allowed, and what to do.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { hasUnseen } from "../../config/text";
import { configOf, readStackFile, StackFileError } from "../../plan";
import { readYaml } from "../../plan/stack-yaml";
import { read as readRepository } from "../examples/support";
import { image } from "../config/support";

const SECRET = "hunter2hunter2";
const directory = mkdtempSync(join(tmpdir(), "rampart-yaml-"));
afterAll(() => rmSync(directory, { recursive: true }));
writeFileSync(join(directory, "Pulumi.yaml"), readRepository("Pulumi.yaml"));

const MINI = `config:
  rampart:environment: dev
  rampart:services:
    web:
      image: ${image("web")}
      port: 3000
`;

function load(text: string | Uint8Array, deploys = false): unknown {
  writeFileSync(join(directory, "file.yaml"), text);
  return configOf(readStackFile(directory, "dev", join(directory, "file.yaml")), deploys);
}

/** The paths of a file's faults. Each says all that it has to, and nothing that it must not. */
function refused(text: string | Uint8Array): string[] {
  const error = attempt(() => load(text));
  if (!(error instanceof Error) || !("faults" in error)) throw new Error(`not refused: ${String(error)}`);
  expect(error.message).not.toContain(SECRET);
  expect(hasUnseen(error.message.replaceAll("\n", ""))).toBe(false);
  for (const part of ["given:", "allowed:", "fix:", "nothing was changed"]) expect(error.message).toContain(part);
  return (error.faults as { path: string }[]).map(({ path }) => path);
}

function attempt(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

const utf16 = (text: string): Buffer => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);

describe("what is no stack's file", () => {
  test.each<[name: string, file: string | Uint8Array, path: string]>([
    ["empty", "", "rampart:services"],
    ["a comment", "# nothing\n", "rampart:services"],
    ["a salt only", "encryptionsalt: v1:abc\n", "rampart:services"],
    ["another key than config", MINI.replace("config", "confg"), "rampart:services"],
    ["a list", "- a\n", "config"],
    ["a scalar", "hello", "config"],
    ["a list of keys", "config: [a]\n", "config"],
    ["binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]), "config"],
    ["UTF-16", utf16(MINI), "config"],
    ["UTF-16 without a mark", Buffer.from(MINI, "utf16le"), "config"],
    ["Latin-1", Buffer.from([0x23, 0xe9, 0x0a]), "config"],
    ["too large", `${MINI}#${"x".repeat(1024 * 1024)}`, "config"],
    ["another namespace", MINI.replaceAll("rampart:", "myapp:"), "myapp:environment"],
    ["beside config", `${MINI}rampart:edge: { tls: modern }\n`, "rampart:edge"],
    ["both spellings of a key", `${MINI}  services: {}\n`, "rampart:services"],
    ["three colons", `${MINI}  rampart:edge:tls: modern\n`, 'rampart:"edge:tls"'],
    ["a key without a value", `${MINI}  rampart:database:\n`, "rampart:database"],
    ["two documents", `${MINI}---\n${MINI}`, "rampart:services.web.port"],
  ])("%s", (_name, file, path) => expect(refused(file)).toEqual([path]));
});

/** Lines below `config`, and the key at fault. */
describe("what readers of YAML take for different things, or for none", () => {
  test.each<[line: string, path: string]>([
    ["rampart:name: !secret hunter2hunter2", "rampart:name"],
    ["rampart:name: !!binary aGk=", "rampart:name"],
    ["rampart:images: !!set {a, b}", "rampart:images"],
    ["rampart:name: ! abc", "rampart:name"],
    ["? [a, b]\n  : c", "config"],
    ["rampart:edge: { ? {a: 1} : 2 }", "rampart:edge"],
    ["rampart:edge: { ~: 2 }", "rampart:edge"],
    ["rampart:edge: &e { a: *e }", "rampart:edge.a"],
    ["rampart:edge: &e [ *e ]", "rampart:edge[0]"],
    ["rampart:edge: *nowhere", "rampart:edge"],
    ["rampart:edge: { <<: 5 }", 'rampart:edge["<<"]'],
    ["rampart:edge: { <<: {}, <<: {} }", 'rampart:edge["<<"]'],
    ["rampart:edge: { <<: [1] }", 'rampart:edge["<<"]'],
    ["rampart:environment: staging", "rampart:environment"],
    ["rampart:edge: { httpPort: 0o17 }", "rampart:edge.httpPort"],
    ["rampart:edge: { httpPort: 0017 }", "rampart:edge.httpPort"],
    ["rampart:edge: { httpPort: 0x1F }", "rampart:edge.httpPort"],
    ["rampart:edge: { httpPort: 8_080 }", "rampart:edge.httpPort"],
    ["rampart:edge: { httpPort: .inf }", "rampart:edge.httpPort"],
    ["rampart:edge: { httpPort: 12345678901234567890 }", "rampart:edge.httpPort"],
    [`rampart:name: "${SECRET}`, "rampart:name"],
    [`rampart:edge: { PASSWORD: ${SECRET}`, "rampart:edge"],
    [`rampart:acmeEmail: a: ${SECRET}`, "rampart:acmeEmail"],
    [`rampart:name: "\\q${SECRET}"`, "rampart:name"],
    [`rampart:name: @${SECRET}`, "rampart:name"],
    ["rampart:name: &a &b x", "rampart:name"],
    ["rampart:name: a\u001bb", "rampart:name"],
    ["rampart:name: a\ufeffb", "rampart:name"],
    ["rampart:edge: { httpPort: 8_0.0 }", "rampart:edge.httpPort"],
    [`rampart:edge: ${"[".repeat(3000)}`, "rampart:edge"],
  ])("%.60s", (line, path) => expect(refused(`${MINI}  ${line}\n`)).toEqual([path]));

  test("aliases of aliases of aliases", () => {
    const level = (name: string, inner: string): string => `${name}: &${name} [${`${inner},`.repeat(9)}]\n`;
    const bomb = ["a", "b", "c", "d", "e", "f", "g"].map((name, index, all) =>
      level(name, index === 0 ? "x" : `*${all[index - 1]}`),
    );
    expect(refused(`${bomb.join("")}config:\n  rampart:services: *g\n`)).toEqual(["f"]);
  });
});

describe("a right file in an unusual spelling passes", () => {
  test.each<[name: string, file: string]>([
    ["as it is", MINI],
    ["CRLF", MINI.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\ufeff${MINI}`],
    ["keys without namespace", MINI.replaceAll("rampart:", "")],
    ["begin and end of a document", `---\n${MINI}...\n`],
    ["a directive", `%YAML 1.2\n---\n${MINI}`],
    [
      "JSON",
      JSON.stringify({
        config: { "rampart:environment": "dev", "rampart:services": { web: { image: image("web"), port: 3000 } } },
      }),
    ],
    ["a merge key", `x: &x { port: 3000 }\n${MINI}    api: { <<: *x, image: "${image("api")}" }\n`],
    [
      "a list of merge keys",
      `x: &x { port: 3000 }\ny: &y { egress: true }\n${MINI}    api: { <<: [*x, *y], image: "${image("api")}" }\n`,
    ],
    ["an alias", `${MINI}      command: &c [a, b]\n    api: { image: "${image("api")}", port: 3000, command: *c }\n`],
    ["tags of the core schema", MINI.replace("port: 3000", "port: !!int 3000")],
    [
      "numbers in quotes where text is meant",
      `${MINI}      environment: { ZIP: "01234", ID: "12345678901234567890" }\n`,
    ],
    ["a literal block", `${MINI}      command:\n        - sh\n        - |\n          exec serve\n`],
    ["other namespaces", `${MINI}  docker:host: unix:///x\n  aws:region: eu-central-1\n`],
    ["an unquoted date", `${MINI}  rampart:rotation: { everything: 2026-11-24 }\n`],
  ])("%s", (_name, file) => expect(attempt(() => load(file))).toMatchObject({ environment: "dev" }));

  test("merged keys are the object's own, and its own win", () => {
    const file = `x: &x { port: 3000, egress: true }\nconfig: { a: { <<: *x, port: 3001 } }\n`;
    expect(readYaml(Buffer.from(file))).toEqual({
      kind: "value",
      value: { x: { port: 3000, egress: true }, config: { a: { port: 3001, egress: true } } },
    });
  });
});

describe("any text", () => {
  test("is read, or refused by a key, with no line of it shown", () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            ...[
              "config:",
              "\n",
              "  ",
              "a: ",
              "- ",
              "{",
              "}",
              "[",
              "]",
              '"',
              "'",
              "&x ",
              "*x",
              "!t ",
              "? ",
              "<<: ",
              "|",
              "\t",
              SECRET,
              "010",
              "#",
              "\u202e",
              "\u0000",
            ],
          ),
          { maxLength: 30 },
        ),
        (parts) => {
          const result = readYaml(Buffer.from(parts.join("")));
          if (result.kind === "value") return;
          const { path, given, allowed, fix } = result.fault;
          expect([path, given, allowed, fix].every((part) => part !== "")).toBe(true);
          expect([path.replaceAll(SECRET, ""), given, allowed, fix].join()).not.toContain(SECRET);
        },
      ),
      { numRuns: 2000, seed: 11 },
    ));

  test("bytes are text, or refused", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(["value", "fault"]).toContain(readYaml(bytes).kind);
      }),
      { numRuns: 500, seed: 12 },
    ));
});

describe("a sample of a production stack", () => {
  const sample = readRepository("Pulumi.prod.yaml");
  const loadProd = (text: string, deploys: boolean): unknown => {
    writeFileSync(join(directory, "prod.yaml"), text);
    return attempt(() => configOf(readStackFile(directory, "prod", join(directory, "prod.yaml")), deploys));
  };
  test("is planned, and not deployed", () => {
    expect(loadProd(sample, false)).toMatchObject({ environment: "prod", sample: true });
    const lines = String(loadProd(sample, true)).split("\n");
    const at = lines.findIndex((line) => line.includes("rampart:services.web.routes[0].host"));
    expect(lines[at + 1]).toBe('     given:   "app.example.com", which is a host of examples');
    expect(lines[at + 3]).toMatch(/^ {5}fix: {5}replace it by your own, and remove rampart:sample/);
  });
  test("that does not say so is not even planned", () => {
    const error = loadProd(sample.replace(/^ {2}rampart:sample:.*\n/m, ""), false);
    expect(String(error)).toContain('"ops@example.com", which is a host of examples');
  });
  test("is deployed once its hosts are one's own", () => {
    expect(loadProd(sample.replaceAll("example.com", "acme-shop.com"), true)).toMatchObject({ environment: "prod" });
  });
});

test("a file that does not exist is an error without faults", () => {
  expect(new StackFileError("there is no x").faults).toEqual([]);
});
