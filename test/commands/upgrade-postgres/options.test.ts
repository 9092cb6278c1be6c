import { parse } from "../../../commands/shared/options";
import { OPTIONS, upgradeOptions, type UpgradeOptions } from "../../../commands/upgrade-postgres/options";

const IMAGE = `postgres:17.6-alpine@sha256:${"a1".repeat(32)}`;
const read = (...args: string[]): UpgradeOptions =>
  upgradeOptions(parse({ name: "upgrade-postgres", stack: "required", options: OPTIONS }, args));
const refusal = (...args: string[]): string => {
  try {
    return JSON.stringify(read(...args));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test("an upgrade names its stack and image, and is confirmed by the stack's name", () => {
  expect(read("prod", "--to", IMAGE)).toEqual({
    stack: "prod",
    confirmed: false,
    action: { kind: "upgrade", image: IMAGE, major: 17 },
  });
  expect(read("prod", "--to", IMAGE, "--confirm", "prod").confirmed).toBe(true);
  expect(read("prod", "--abort", "--confirm", "prod")).toEqual({
    stack: "prod",
    confirmed: true,
    action: { kind: "abort" },
  });
});

test("rampart upgrade-postgres refuses every other command line", () => {
  expect(refusal()).toBe("<stack>: given nothing; allowed: the name of one stack");
  expect(refusal("prod", "dev")).toBe("Unexpected argument 'dev' of rampart upgrade-postgres; allowed: one stack");
  expect(refusal("prod")).toBe("--to: given nothing; allowed: the image of the new major version");
  expect(refusal("prod", "--to", IMAGE, "--confirm", "dev")).toBe(
    "--confirm: given 'dev'; allowed: 'prod', the stack's name again",
  );
  expect(refusal("prod", "--to", "postgres:17")).toBe(
    "--to: given 'postgres:17'; allowed: an image such as postgres:17.6-alpine@sha256:…",
  );
  expect(refusal("prod", "--to", IMAGE.replace("17.6-alpine", "alpine"))).toMatch(
    /^--to: given '.*'; allowed: an image whose tag begins with PostgreSQL's major version/,
  );
  expect(refusal("prod", "--abort", "--to", IMAGE)).toBe("--abort and --to exclude each other");
});
