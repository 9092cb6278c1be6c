import { parse } from "yaml";
import { defined } from "../../../hardening/defined";
import { mergeStackFile, saltOf } from "../../../commands/shared/stack-config";

const SOURCE = "# mine\nconfig:\n  rampart:environment: dev # small\n  rampart:services: {}\n";
const SALT = "v1:abc=:v1:def:ghi==";
const kept = (config: string): string => `encryptionsalt: ${SALT}\nconfig:\n${config}`;
const merge = (source: string, before?: string, salt?: string): string =>
  mergeStackFile({ project: "rampart", source, sourceName: "mine.yaml", ...defined({ kept: before, salt }) });

it("Pulumi's stack file is the tracked file, with its comments, until there is a salt", () => {
  const merged = merge(SOURCE);
  expect(parse(merged)).toEqual({ config: { "rampart:environment": "dev", "rampart:services": {} } });
  expect(merged).toMatch(
    /^# Made from mine\.yaml by `npm start`[\s\S]*# mine\nconfig:\n {2}rampart:environment: dev # small/,
  );
});

it("Pulumi's stack file takes the salt of a new stack, and keeps it", () => {
  const first = merge(SOURCE, merge(SOURCE), SALT);
  expect(saltOf(first)).toBe(SALT);
  expect(merge(SOURCE, first)).toBe(first);
});

it("Pulumi's stack file keeps what config set --secret left, and nothing else", () => {
  const merged = merge(
    SOURCE,
    kept("  rampart:smtp:\n    secure: v1:x\n  rampart:old: plain\n  docker:token:\n    secure: v1:y\n"),
  );
  expect(parse(merged)).toEqual({
    encryptionsalt: SALT,
    config: {
      "rampart:environment": "dev",
      "rampart:services": {},
      "rampart:smtp": { secure: "v1:x" },
      "docker:token": { secure: "v1:y" },
    },
  });
});

it.each(["rampart:smtp", "smtp"])("the tracked file wins over a kept value (%s)", (key) => {
  const merged = merge(`config:\n  ${key}: shown\n`, kept("  rampart:smtp:\n    secure: v1:x\n"));
  expect(parse(merged)).toEqual({ encryptionsalt: SALT, config: { [key]: "shown" } });
});

it("a tracked file without configuration is merged, too", () => {
  expect(parse(merge("config:\n", kept("  rampart:smtp:\n    secure: v1:x\n")))).toEqual({
    encryptionsalt: SALT,
    config: { "rampart:smtp": { secure: "v1:x" } },
  });
});

it("long values are neither folded nor restyled", () => {
  const line = `config:\n  rampart:a: ${"word ".repeat(60).trim()}\n`;
  expect(merge(line)).toContain(line);
});

describe("a file encrypted with another key", () => {
  const refusal =
    "mine.yaml holds values encrypted by a key other than this directory's .rampart/passphrase: " +
    "deploy that stack with `pulumi up` and its own backend, " +
    "or take them out and set them here with `npx rampart pulumi config set --secret rampart:<key>`.";
  it.each([
    ["another salt", "encryptionsalt: v1:other\nconfig: {}\n"],
    ["encrypted values", "config:\n  rampart:a: { secure: v1:x }\n"],
    ["a secrets provider", "secretsprovider: awskms://alias/x\nconfig: {}\n"],
  ])("is refused: %s", (_, source) => expect(() => merge(source, kept("  {}\n"))).toThrow(refusal));

  it("is accepted where the salt is this directory's own", () => {
    const source = kept("  rampart:a: { secure: v1:x }\n");
    expect(parse(merge(source, source))).toEqual(parse(source));
  });
});
