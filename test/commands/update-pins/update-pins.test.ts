import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { IMAGE_PINS } from "../../../config/images";
import { ownPins, stackPins, withPins } from "../../../commands/update-pins/pins";
import { digestOf, FakeRegistry } from "../../engine/fake-registry";
import { FakeProject } from "../fake-project";

const hex = (digit: string): string => digit.repeat(64).slice(0, 63) + "0";

describe("a file", () => {
  const SOURCE = `# The shop.
config:
  rampart:images: { redis: "redis:7.4.11-alpine@sha256:${hex("a")}" } # pinned by hand
  rampart:migration:
    image: &app ghcr.io/acme/api:1.4.2@sha256:${hex("b")}
  rampart:services:
    api:
      image: *app
      canary: { image: "ghcr.io/acme/api:1.5.0@sha256:${hex("c")}" }
      environment: { image: "ghcr.io/acme/other:1@sha256:${hex("d")}" }
`;

  test("names its images, and where each stands", () => {
    expect(stackPins(SOURCE).map(({ repository, tag, places }) => [repository, tag, places])).toEqual([
      ["redis", "7.4.11-alpine", ["images.redis"]],
      ["ghcr.io/acme/api", "1.4.2", ["migration.image", "services.api.image"]],
      ["ghcr.io/acme/api", "1.5.0", ["services.api.canary.image"]],
      ["ghcr.io/acme/other", "1", ["services.api.environment.image"]],
    ]);
  });

  test("gets other tags and digests, and keeps every other byte", () => {
    const pin = { repository: "ghcr.io/acme/api", tag: "1.4.2", digest: hex("b") };
    const after = withPins(SOURCE, [{ pin, tag: "1.4.3", digest: hex("e") }]);
    expect(after).toBe(SOURCE.replace(`1.4.2@sha256:${hex("b")}`, `1.4.3@sha256:${hex("e")}`));
    expect(withPins(SOURCE, [{ pin: { ...pin, repository: "acme/api" }, tag: "9", digest: hex("f") }])).toBe(SOURCE);
    expect(withPins(SOURCE, [])).toBe(SOURCE);
  });

  test("of Rampart's own images is changed in each place, on one line or two", () => {
    const source = readFileSync(resolve(__dirname, "../../../config/images.ts"), "utf8");
    const pins = ownPins(IMAGE_PINS);
    expect(pins).toHaveLength(Object.keys(IMAGE_PINS).length);
    const after = withPins(
      source,
      pins.map((pin) => ({ pin, tag: pin.tag, digest: hex("f") })),
    );
    expect(after.split(hex("f"))).toHaveLength(pins.length + 1);
    expect(after.length).toBe(source.length);
    for (const { digest } of pins) expect(after).not.toContain(digest);
  });
});

describe("rampart update-pins", () => {
  let registry: FakeRegistry;
  let project: FakeProject;
  let file: string;
  const read = (): string => readFileSync(file, "utf8");
  beforeEach(async () => {
    registry = await FakeRegistry.start({ login: { kind: "basic", username: "ana", password: "correct horse" } });
    registry.tags["shop/api"] = { "1.4.2": "a", "1.4.3": "b", "1.9.0": "c", "2.0.0": "d" };
    registry.tags["shop/web"] = { "22-alpine": "old" };
    const image = (repository: string, tag: string): string => registry.reference(repository, tag);
    project = new FakeProject(`config:
  rampart:registries: { "${registry.host}": { username: ana, password: { config: token } } }
  rampart:services:
    # The API.
    api: { image: "${image("shop/api", "1.4.2")}", port: 3000 } # since May
    web: { image: "${image("shop/web", "22-alpine")}", port: 3001 }
`);
    file = join(project.root, "Pulumi.dev.yaml");
    project.pulumi.answer("config", { stdout: "correct horse\n" });
    // Its maker built it again.
    registry.tags["shop/web"]["22-alpine"] = "new";
  });
  afterEach(async () => {
    project.remove();
    await registry.stop();
  });

  test("shows what is newer and why, and what only a person moves to; --check writes nothing", async () => {
    const before = read();
    const { code, stdout } = await project.rampart("update-pins", "dev", "--check");
    expect(code).toBe(1);
    const short = (text: string): string => `sha256:${digestOf(text).slice(0, 12)}…`;
    expect(stdout.replaceAll(registry.host, "REGISTRY")).toBe(`Pulumi.dev.yaml: 2 pinned images, 2 to update
newer   REGISTRY/shop/api:1.4.2  ${short("a")}
        → 1.9.0  ${short("c")}: 1.9.0 is newer
        at services.api.image
        2.0.0 is another line: move by hand, after its release notes
rebuilt REGISTRY/shop/web:22-alpine  ${short("old")}
        → 22-alpine  ${short("new")}: its maker built the tag again, mostly on a newer base
        at services.web.image
`);
    expect(read()).toBe(before);
  });

  test("writes after a yes, keeps comments, and then has nothing to do", async () => {
    const before = read();
    const asked = await project.rampart("update-pins", "dev");
    expect([asked.code, read()]).toEqual([0, before]);
    expect(asked.stderr).toContain("Nothing was written. To do it, add --yes.");
    const { code, stderr } = await project.rampart("update-pins", "dev", "--yes");
    expect(code).toBe(0);
    expect(stderr).toContain("2 written into Pulumi.dev.yaml.");
    expect(read()).toBe(
      before
        .replace(`1.4.2@sha256:${digestOf("a")}`, `1.9.0@sha256:${digestOf("c")}`)
        .replace(digestOf("old"), digestOf("new")),
    );
    expect((await project.rampart("update-pins", "dev", "--check")).code).toBe(0);
  });

  test("prints JSON for tools, and writes then only with --yes", async () => {
    const looked = JSON.parse((await project.rampart("update-pins", "dev", "--json")).stdout) as Report;
    expect(looked).toMatchObject({ file: "Pulumi.dev.yaml", written: false });
    expect(looked.pins.map(({ status, newTag, otherLine }) => [status, newTag, otherLine])).toEqual([
      ["newer", "1.9.0", "2.0.0"],
      ["moved", "22-alpine", undefined],
    ]);
    expect(JSON.parse((await project.rampart("update-pins", "dev", "--json", "--yes")).stdout)).toMatchObject({
      written: true,
    });
  });

  test("says which images could not be looked up, and writes the others", async () => {
    delete registry.tags["shop/web"];
    const { code, stdout, stderr } = await project.rampart("update-pins", "dev", "--yes");
    expect(code).toBe(1);
    expect(stdout).toContain("has no such image or tag");
    expect(stderr).toContain("1 of 2 images could not be looked up.");
    expect(read()).toContain("shop/api:1.9.0@");
  });

  test("uses the login of the Docker CLI where the stack has none", async () => {
    writeFileSync(file, read().replace(/ {2}rampart:registries.*\n/, ""));
    expect((await project.rampart("update-pins", "dev", "--check")).stdout).toContain("wants a login");
    mkdirSync(join(project.root, ".docker"));
    const auth = Buffer.from("ana:correct horse").toString("base64");
    writeFileSync(join(project.root, ".docker/config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    expect((await project.rampart("update-pins", "dev", "--check")).stdout).toContain("2 to update");
    const answer = JSON.stringify({ ServerURL: registry.host, Username: "ana", Secret: "correct horse" });
    const helper = `#!/bin/sh\n[ "$1 $(cat)" = "get ${registry.host}" ] && echo '${answer}'\n`;
    writeFileSync(join(project.pulumi.directory, "docker-credential-shop"), helper, { mode: 0o755 });
    writeFileSync(
      join(project.root, ".docker/config.json"),
      JSON.stringify({ credHelpers: { [registry.host]: "shop" } }),
    );
    expect((await project.rampart("update-pins", "dev", "--check")).stdout).toContain("2 to update");
  });

  test("wants a stack outside of a clone of Rampart", async () => {
    const { code, stderr } = await project.rampart("update-pins");
    expect([code, stderr]).toEqual([2, expect.stringContaining("Name a stack.")]);
  });
});

interface Report {
  readonly pins: readonly { readonly status: string; readonly newTag?: string; readonly otherLine?: string }[];
}
