import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingLogins, pullFailure, type FailedPull } from "../../engine/registries";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const pull = (said: string, changes: Partial<FailedPull> = {}): string | undefined => {
  const reference = `ghcr.io/me/api:1.4.2@${DIGEST}`;
  const errors = [
    `1 error occurred:\n\t* Unable to read Docker image into resource: unable to pull image ${reference}: ` +
      `Error response from daemon: ${said}`,
  ];
  return pullFailure({ reference, errors, users: {}, host: "ssh://deploy@host", ...changes });
};

describe("pullFailure", () => {
  const refused = 'Head "https://ghcr.io/v2/me/api/manifests/1.4.2": unauthorized';

  test("a refusal without a login names the keys that log in", () => {
    expect(pull(refused)).toBe(
      [
        `ghcr.io refused ghcr.io/me/api:1.4.2, asked without a login: ${refused}.`,
        "If the image is public, check its name. Otherwise log in: `rampart:registries: { ghcr.io: { username: " +
          "<user>, password: { config: <key> } } }` and `pulumi config set --secret rampart:<key>` " +
          "(docs/registries.md).",
      ].join("\n"),
    );
  });

  test("a refusal of a user names the user", () => {
    expect(pull("denied: requested access to the resource is denied", { users: { "ghcr.io": "acme" } })).toBe(
      [
        "ghcr.io refused ghcr.io/me/api:1.4.2, asked as acme: denied: requested access to the resource is denied.",
        'Check that the password of rampart:registries["ghcr.io"] is right and has not expired, ' +
          "and that acme may pull this image.",
      ].join("\n"),
    );
  });

  test("a refusal of the local login names the command", () => {
    expect(pull(refused, { users: { "ghcr.io": undefined } })).toContain(
      "asked by `docker login ghcr.io` on this machine: ",
    );
    expect(pull(refused, { users: { "quay.io": "acme" } })).toContain("asked without a login");
  });

  test.each([
    ["no basic auth credentials", "ghcr.io refused "],
    ["pull access denied for me/api, repository does not exist or may require 'docker login'", "ghcr.io refused "],
    ["manifest unknown: manifest unknown", "ghcr.io has no ghcr.io/me/api:1.4.2 with this digest"],
    ["toomanyrequests: You have reached your pull rate limit", "ghcr.io limits how much is pulled"],
    ["dial tcp: lookup ghcr.io: no such host", "The engine at ssh://deploy@host did not reach ghcr.io"],
  ])("%s", (said, start) => {
    expect(pull(said)?.startsWith(start)).toBe(true);
  });

  test("Docker Hub is named where a reference names no registry, and a long digest is cut", () => {
    const reference = `me/api:1@${DIGEST}`;
    const said = pull(`manifest for me/api@${DIGEST} not found: manifest unknown`, { reference });
    expect(said?.split("\n")[0]).toBe(
      "docker.io has no me/api:1 with this digest: manifest for me/api@sha256:abababababab… not found: " +
        "manifest unknown.",
    );
  });

  test("what it does not know is left to the provider's words", () => {
    expect(pull("no space left on device")).toBeUndefined();
  });
});

describe("missingLogins", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "rampart-login-"))));
  afterEach(() => rmSync(directory, { recursive: true }));
  const users = { "docker.io": undefined, "ghcr.io": undefined, "quay.io": "acme" };
  const write = (config: object): void => writeFileSync(join(directory, "config.json"), JSON.stringify(config));

  test("where nobody logged in, each registry is named", () => {
    expect(missingLogins(users, directory)).toEqual(
      ["docker.io", "ghcr.io"].map(
        (registry) =>
          `rampart:registries["${registry}"] is { login: docker }, ` +
          `and ${directory}/config.json has no login for it: run \`docker login ${registry}\` first.`,
      ),
    );
  });

  test("logins, helpers of single registries and a store of credentials will do", () => {
    write({ auths: { "https://index.docker.io/v1/": { auth: "eDp5" } }, credHelpers: { "ghcr.io": "pass" } });
    expect(missingLogins(users, directory)).toEqual([]);
    write({ auths: { "https://ghcr.io": { auth: "eDp5" } } });
    expect(missingLogins(users, directory)).toHaveLength(1);
    write({ credsStore: "desktop" });
    expect(missingLogins(users, directory)).toEqual([]);
  });

  test("a stack without such a registry needs no file", () => {
    write({});
    expect(missingLogins({ "quay.io": "acme" }, directory)).toEqual([]);
  });
});
