import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  prepareState,
  pulumiEnvironment,
  stackStateFile,
  statePaths,
  writePrivateFile,
} from "../../../commands/shared/state";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "rampart-state-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe("prepareState", () => {
  it("makes a passphrase of 256 bits that only its owner can read", () => {
    const paths = statePaths(root);
    expect(prepareState(paths)).toEqual({ created: true });
    expect([mode(paths.directory), mode(paths.backend), mode(paths.passphrase)]).toEqual(["700", "700", "600"]);
    expect(readFileSync(paths.passphrase, "utf8")).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(readdirSync(paths.directory).sort()).toEqual(["passphrase", "state"]);
  });

  it("never writes over a passphrase, whatever the umask or the mode was", () => {
    const paths = statePaths(root);
    mkdirSync(paths.directory);
    chmodSync(paths.directory, 0o755);
    writeFileSync(paths.passphrase, "mine\n");
    chmodSync(paths.passphrase, 0o644);
    expect(prepareState(paths)).toEqual({ created: false });
    expect(readFileSync(paths.passphrase, "utf8")).toBe("mine\n");
    expect([mode(paths.directory), mode(paths.passphrase)]).toEqual(["700", "600"]);
  });

  it("gives two projects two passphrases", () => {
    const other = mkdtempSync(join(tmpdir(), "rampart-state-"));
    try {
      prepareState(statePaths(root));
      prepareState(statePaths(other));
      expect(readFileSync(statePaths(root).passphrase)).not.toEqual(readFileSync(statePaths(other).passphrase));
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it("makes no new passphrase for a state that another one opens", () => {
    const paths = statePaths(root);
    mkdirSync(join(paths.backend, ".pulumi", "stacks", "rampart"), { recursive: true });
    writeFileSync(stackStateFile(paths, "rampart", "dev"), "{}");
    expect(() => prepareState(paths)).toThrow(
      `${paths.passphrase} is gone, and only it opens the state in ${paths.backend}: ` +
        "put it back from your backup, or remove that directory and what it deployed to start over.",
    );
    expect(existsSync(paths.passphrase)).toBe(false);
  });

  it("does not fill an empty passphrase", () => {
    const paths = statePaths(root);
    mkdirSync(paths.directory);
    writeFileSync(paths.passphrase, "\n");
    expect(() => prepareState(paths)).toThrow(`${paths.passphrase} is empty`);
    expect(readFileSync(paths.passphrase, "utf8")).toBe("\n");
  });
});

it("writePrivateFile narrows the mode of a file that was there before", () => {
  const path = join(root, "file");
  writeFileSync(path, "a");
  chmodSync(path, 0o644);
  writePrivateFile(path, "b");
  expect([readFileSync(path, "utf8"), mode(path)]).toEqual(["b", "600"]);
});

describe("pulumiEnvironment", () => {
  const paths = statePaths("/srv/my app");

  it("points Pulumi at this state, and lets no variable of the user's shell win over it", () => {
    const base = {
      PATH: "/bin",
      PULUMI_BACKEND_URL: "s3://elsewhere",
      PULUMI_CONFIG_PASSPHRASE: "other",
      PULUMI_OPTION_STACK: "prod",
      PULUMI_DIY_BACKEND_GZIP: "1",
    };
    expect(pulumiEnvironment(base, paths, "dev", "/srv/my app/.rampart/Pulumi.dev.yaml")).toEqual({
      PATH: "/bin",
      PULUMI_BACKEND_URL: "file:///srv/my app/.rampart/state",
      PULUMI_CONFIG_PASSPHRASE_FILE: "/srv/my app/.rampart/passphrase",
      PULUMI_OPTION_CONFIG_FILE: "/srv/my app/.rampart/Pulumi.dev.yaml",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_STACK: "dev",
    });
    expect(base.PULUMI_CONFIG_PASSPHRASE).toBe("other");
  });

  it("holds no passphrase itself", () =>
    expect(Object.keys(pulumiEnvironment({}, paths, "dev"))).not.toContain("PULUMI_CONFIG_PASSPHRASE"));
});
