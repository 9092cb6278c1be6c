import { ConfigError } from "../../../config";
import { configOf, PROD } from "../../components/support";

const S3 = {
  repository: "s3:https://s3.example.com/backups",
  credentials: { AWS_ACCESS_KEY_ID: { config: "s3Id" }, AWS_SECRET_ACCESS_KEY: { config: "s3Key" } },
};
const SECRETS = { s3Id: "AKIA7Q", s3Key: "n7Qw2Lk9Vx4Zp8Rt6Yb3Mc5" };

function faults(
  backups: object,
  secrets: Readonly<Record<string, string>> = {},
  plain: Readonly<Record<string, string>> = {},
): string {
  try {
    configOf({ ...PROD, database: { backups }, ...plain }, "prod", secrets);
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe("a repository's credentials", () => {
  test("that are all there, are taken; an id may be short", () => expect(faults(S3, SECRETS)).toBe(""));
  test("have to be set", () =>
    expect(faults(S3, { s3Id: "AKIA7Q" })).toMatch(
      /database\.backups\.credentials\.AWS_SECRET_ACCESS_KEY.*\n?.*rampart:s3Key, which is not set/s,
    ));
  test("have to be encrypted", () =>
    expect(faults(S3, { s3Key: SECRETS.s3Key }, { s3Id: "AKIA7Q" })).toMatch(
      /AWS_ACCESS_KEY_ID[^]*rampart:s3Id in clear text/,
    ));
  test("may not be placeholders", () =>
    expect(faults(S3, { ...SECRETS, s3Key: "changeme-changeme" })).toMatch(/AWS_SECRET_ACCESS_KEY[^]*placeholder/));
  test("are those that the repository takes", () =>
    expect(faults({ credentials: { AWS_ACCESS_KEY_ID: { config: "s3Id" } } }, { s3Id: "AKIA7Q" })).toMatch(
      /AWS_ACCESS_KEY_ID[^]*none for this repository/,
    ));
  test("are never a variable that changes a program", () =>
    expect(faults({ ...S3, credentials: { ...S3.credentials, LD_PRELOAD: { config: "s3Id" } } }, SECRETS)).toMatch(
      /LD_PRELOAD[^]*for this repository/,
    ));
  test("of SFTP are a key and the host's own", () =>
    expect(faults({ repository: "sftp:a@b.example.com:/c" })).toMatch(
      /SFTP_PRIVATE_KEY and SFTP_KNOWN_HOSTS for this repository/,
    ));
});

describe("the repository's password", () => {
  test("from the configuration has to be set", () =>
    expect(faults({ password: { config: "backupPassword" } })).toMatch(
      /database\.backups\.password[^]*rampart:backupPassword, which is not set/,
    ));
  test("may not be short", () =>
    expect(faults({ password: { config: "backupPassword" } }, { backupPassword: "q7w" })).toMatch(
      /at least 8 characters/,
    ));
});
