import { authorityOf, trustText } from "../../commands/trust/instructions";
import { authorityCertificate } from "../../hardening/pki/certificates";
import { rampart } from "./support";

const certificate = authorityCertificate({ seed: Buffer.alloc(32, "s").toString("base64"), stackName: "rampart-dev" });
const authority = authorityOf("dev", { urls: [], certificateAuthority: certificate });
const text = (platform: NodeJS.Platform): string =>
  trustText(authority, { stack: "org/dev", path: ".rampart/dev-ca.pem", platform });

test("the authority is the one of the outputs, by the name and the fingerprint that stores show", () => {
  expect(authority).toMatchObject({ certificate, name: "rampart-dev certificate authority", end: "2046-01-01" });
  expect(authority.sha1).toMatch(/^[0-9A-F]{40}$/);
  expect(text("linux")).toContain(authority.sha256);
});

test("every store has a way in and a way out, and this machine's stores come first", () => {
  for (const platform of ["darwin", "linux", "win32"] as const) {
    expect(text(platform).match(/^ {2}trust {3}/gm)).toHaveLength(6);
    expect(text(platform).match(/^ {2}remove {2}/gm)).toHaveLength(6);
  }
  const first = (platform: NodeJS.Platform): string => /\n\n(.*)\n {2}trust/.exec(text(platform))?.[1] ?? "";
  expect([first("darwin"), first("linux"), first("win32")]).toEqual([
    "macOS (Safari, Chrome)",
    "Debian, Ubuntu (curl and other programs)",
    "Windows (Edge, Chrome)",
  ]);
  expect(text("linux")).toContain("/usr/local/share/ca-certificates/rampart-org-dev.crt");
});

test("a stack whose certificates come from a CA has nothing to trust", () => {
  expect(() => authorityOf("prod", { urls: ["https://app.example.com"] })).toThrow(
    "Stack prod has no certificate of its own authority to trust",
  );
});

test("rampart trust takes one stack, or none for dev", async () => {
  expect((await rampart(["trust", "--help"])).stdout.split("\n")[0]).toBe("usage: npx rampart trust [<stack>]");
  expect(await rampart(["trust", "a", "b"])).toMatchObject({ code: 2 });
});
