import { parseUpgradeOptions } from "../../../commands/upgrade/options";

const IMAGE = `postgres:17.6-alpine@sha256:${"a1".repeat(32)}`;
const refusal = (...args: string[]): string => {
  try {
    return JSON.stringify(parseUpgradeOptions(args));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

test("an upgrade names its stack and image, and is confirmed by the stack's name", () => {
  expect(parseUpgradeOptions(["prod", "--to", IMAGE])).toEqual({
    stack: "prod",
    confirmed: false,
    action: { kind: "upgrade", image: IMAGE, major: 17 },
  });
  expect(parseUpgradeOptions(["prod", "--to", IMAGE, "--confirm", "prod"])?.confirmed).toBe(true);
  expect(parseUpgradeOptions(["prod", "--abort", "--confirm", "prod"])).toEqual({
    stack: "prod",
    confirmed: true,
    action: { kind: "abort" },
  });
  expect(parseUpgradeOptions(["--help"])).toBeUndefined();
});

test("anything else is refused", () => {
  expect(refusal()).toBe("name one stack");
  expect(refusal("prod", "dev")).toBe("name one stack");
  expect(refusal("prod")).toBe("--to is missing: the image of the new major version");
  expect(refusal("prod", "--to", IMAGE, "--confirm", "dev")).toBe(
    "--confirm: given 'dev'; allowed: 'prod', the stack's name again",
  );
  expect(refusal("prod", "--to", "postgres:17")).toBe(
    "--to: given 'postgres:17': it is not pinned as repo:tag@sha256:<64 hex digits>",
  );
  expect(refusal("prod", "--to", IMAGE.replace("17.6-alpine", "alpine"))).toMatch(
    /^--to: given '.*'; allowed: an image whose tag begins with PostgreSQL's major version/,
  );
  expect(refusal("prod", "--abort", "--to", IMAGE)).toBe("--abort and --to exclude each other");
});
