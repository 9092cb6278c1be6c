import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formOf } from "../../../commands/shared/hints";
import { stackFileOf } from "../../../commands/shared/project";
import { configOf } from "../../../plan/stack-config";

const IMAGE = `me/api:1.0.0@sha256:${"ab".repeat(32)}`;
const TRACKED = `config:
  rampart:environment: dev
  rampart:certificates: self-signed
  rampart:services: { api: { image: "${IMAGE}", port: 3000, data: read-write } }
  rampart:database: { backups: { password: { config: backupPassword } } }
`;

describe("a stack of `npm start`", () => {
  const root = mkdtempSync(join(tmpdir(), "rampart-kept-"));
  beforeAll(() => {
    writeFileSync(join(root, "Pulumi.yaml"), "name: rampart\nruntime: nodejs\n");
    writeFileSync(join(root, "Pulumi.team.yaml"), TRACKED);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const backupsOf = (): unknown => {
    const file = stackFileOf(root, "team", undefined);
    return file === undefined ? undefined : configOf(file).database.backups;
  };

  it("is not read without the secret that its file names", () => {
    expect(backupsOf).toThrow(/the key rampart:backupPassword, which is not set/);
    expect(formOf(root, {}, { stack: "team" }).program).toBe("pulumi");
  });

  it("is read with the secret that is kept beside its state, by every command", () => {
    mkdirSync(join(root, ".rampart"));
    writeFileSync(
      join(root, ".rampart/Pulumi.team.yaml"),
      `encryptionsalt: v1:x\n${TRACKED}  rampart:backupPassword: { secure: v1:aa:bb }\n`,
    );
    expect(backupsOf()).toMatchObject({ password: { config: "backupPassword" } });
    expect(formOf(root, {}, { stack: "team" }).program).toBe("npx rampart pulumi");
    expect(formOf(root, { PULUMI_BACKEND_URL: "file:///x" }, { stack: "team" }).program).toBe("pulumi");
  });
});
