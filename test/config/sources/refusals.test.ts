import { sourcedSecrets } from "../../../config/sources/secrets";
import { faultsOf, load } from "../support";

const SECRET = "services.api.secrets.STRIPE_KEY";
const SOPS = { sops: "secrets/prod.enc.yaml", key: "stripe.key" };

function refused(from: unknown): { readonly path: string; readonly allowed: string; readonly fix: string } {
  const [first, ...more] = faultsOf({ [SECRET]: { from } });
  expect(more).toEqual([]);
  return {
    path: (first?.path ?? "").replace("rampart:services.api.secrets.STRIPE_KEY", ""),
    allowed: first?.allowed ?? "",
    fix: first?.fix ?? "",
  };
}

test("each source is taken, in the order of the file", () => {
  const command = ["pass", "show", "shop/stripe"];
  const config = load({
    [SECRET]: { from: SOPS },
    "services.api.secrets.A": { from: { vault: "secret/shop", field: "key" } },
    "services.worker.secrets": { B: { from: { op: "op://prod/stripe/key" } } },
    "migration.secrets": { C: { from: { infisical: "C", environment: "prod" } }, D: { from: { command } } },
  });
  expect(sourcedSecrets(config)).toEqual([
    { name: "STRIPE_KEY", path: ["services", "api", "secrets", "STRIPE_KEY"], from: SOPS },
    { name: "A", path: ["services", "api", "secrets", "A"], from: { vault: "secret/shop", field: "key" } },
    { name: "B", path: ["services", "worker", "secrets", "B"], from: { op: "op://prod/stripe/key" } },
    { name: "C", path: ["migration", "secrets", "C"], from: { infisical: "C", environment: "prod", path: "/" } },
    { name: "D", path: ["migration", "secrets", "D"], from: { command } },
  ]);
});

test.each([
  ["a path with ..", { ...SOPS, sops: "../prod.yaml" }, ".from.sops"],
  ["an option for a path", { ...SOPS, sops: "--config=/tmp/x" }, ".from.sops"],
  ["a key with quotes", { ...SOPS, key: 'a"]["b' }, ".from.key"],
  ["an option for Vault's path", { vault: "-address=http://evil", field: "a" }, ".from.vault"],
  ["a Vault path without a mount", { vault: "shop", field: "a" }, ".from.vault"],
  ["an option for Vault's field", { vault: "secret/shop", field: "-x" }, ".from.field"],
  ["an option for Infisical's name", { infisical: "--x", environment: "prod" }, ".from.infisical"],
  ["a folder without /", { infisical: "A", environment: "prod", path: "api" }, ".from.path"],
  ["a reference that is none", { op: "prod/stripe/key" }, ".from.op"],
  ["a one-time password", { op: "op://prod/stripe/key?attribute=otp" }, ".from.op"],
])("%s is refused", (_name, from, path) => expect(refused(from).path).toBe(path));

test("a command is a list of a program and its arguments", () => {
  expect(refused({ command: "pass show shop/stripe" })).toMatchObject({ path: ".from.command", allowed: "a list" });
  expect(refused({ command: ["pass show shop/stripe"] })).toEqual({
    path: ".from.command[0]",
    allowed: "a list of the program and its arguments; no shell takes it apart",
    fix: "write each word by itself: [pass, show, shop/stripe]",
  });
  expect(refused({ command: ["sh", "-ec", "pass show shop/stripe"] })).toEqual({
    path: ".from.command[1]",
    allowed: "a program and its arguments, without a shell",
    fix: "put the commands into a script of the project, and write [./scripts/<name>]",
  });
  expect(refused({ command: ["/bin/bash", "-c", "id"] }).path).toBe(".from.command[1]");
  expect(refused({ command: ["../bin/secret"] })).toMatchObject({ path: ".from.command[0]" });
  expect(refused({ command: ["scripts/../../secret"] })).toMatchObject({ path: ".from.command[0]" });
  expect(refused({ command: ["-x"] })).toMatchObject({ path: ".from.command[0]" });
  expect(refused({ command: [] })).toMatchObject({ path: ".from.command" });
});

test("no secret stands among the arguments", () => {
  for (const command of [
    ["vault", "read", "--token", "hvs0CAESIJ8f3kq2Lm9Xr7"],
    ["curl", "https://ana:hunter2@keeper.acme-shop.com/stripe"],
    ["env", "OP_TOKEN=ops0eyJzaWduSW4", "op", "read", "x"],
  ]) {
    const [fault] = faultsOf({ [SECRET]: { from: { command } } });
    expect(fault?.path).toMatch(/\.from\.command\[\d\]$/);
    expect(JSON.stringify(fault)).not.toMatch(/hvs0|hunter2|ops0/);
  }
});

test("two sources at once, half of one, and another word are refused with what is allowed", () => {
  expect(refused({ ...SOPS, op: "op://prod/stripe/key" }).path).toMatch(/^\.from/);
  expect(refused({ sops: "secrets/prod.enc.yaml" })).toMatchObject({ path: ".from.key" });
  expect(refused({ bitwarden: "x" }).allowed).toContain("{ sops, key }");
});

test("a value in a source's place is not shown", () => {
  const given = faultsOf({ [SECRET]: { from: "sk_live_4eC39HqLyjWDarjtT1zdp7dc" } }).map((fault) => fault.given);
  expect(given).toEqual(["a value of 32 characters (hidden)"]);
});
