import { readdirSync } from "node:fs";
import { join } from "node:path";
import { COMMANDS } from "../../commands/rampart";
import { rampart } from "./support";

const OVERVIEW = `usage: npx rampart <command> [<stack>] [options]

Commands:
  start             deploys a stack on this machine and prints its URLs
  init              writes a stack's file, from five questions or from a compose file
  plan              shows what a stack declares and how it stands against the rules
  report            writes a page and a comment for whoever approves a change
  pulumi            runs the Pulumi CLI on the state that \`npm start\` keeps
  status            shows what runs, of which version, and what is wrong
  verify            tries on the running stack whether every control holds
  doctor            examines the host and the engine, and says what mends each fault
  rollback          goes back to an earlier configuration and its images
  clean             removes old images of the stack that neither a container nor a rollback needs
  update-pins       asks the registries for newer versions of the pinned images, and writes them
  scan              looks for known vulnerabilities in the stack's images, and for their signatures
  respond           answers a breach: evidence, rotation, sessions
  psql              opens psql as a role, or a tunnel for another client
  backup            takes a backup now, besides the daily ones
  backup repair     reads the whole repository of backups, and repairs what is damaged
  restore           lists the backups, or restores one
  restore-drill     restores a backup into a throw-away server, compares, and prints the differences
  upgrade-postgres  prepares the next major version of PostgreSQL beside the running one
  apparmor          writes the AppArmor profiles, for the host's administrator to load
  apparmor install  writes the AppArmor profiles to the engine's host, and loads them
  seccomp-record    records which system calls a running container makes, and which profile fits
  trust             says how to trust the certificates of a self-signed stack

Options:
  -h, --help  shows this help; \`npx rampart help <command>\` shows a command's
  --version   shows Rampart's version

Exit codes: 0 done; 1 the command failed, or a rule does; 2 the command line is wrong.
Environment: NO_COLOR=1 prints no colours, FORCE_COLOR=1 prints them into a pipe too.
RAMPART_DEBUG=1 prints the stack trace of an internal fault.
`;

const BACKUP = `usage: npx rampart backup <stack> [--config-file FILE]

Takes a backup now, waits until it is stored and checked, and prints its snapshot's id.

Options:
  --config-file FILE  the stack's file, read only for docker:host (default: the one of the last
                      start, else Pulumi.<stack>.yaml, if it exists)
  -h, --help          shows this help
`;

describe("help", () => {
  it.each([[["--help"]], [["-h"]], [["help"]]])("lists every command for %j", async (args) =>
    expect(await rampart(args)).toEqual({ code: 0, stdout: OVERVIEW, stderr: "" }),
  );

  it.each([[["help", "backup"]], [["--help", "backup"]], [["backup", "--help"]], [["backup", "prod", "-h"]]])(
    "explains a command for %j",
    async (args) => expect(await rampart(args)).toEqual({ code: 0, stdout: BACKUP, stderr: "" }),
  );

  it.each([[["help", "backup", "repair"]], [["backup", "repair", "--help"]], [["backup", "repair", "prod", "-h"]]])(
    "explains a command of two words for %j",
    async (args) => {
      const { code, stdout } = await rampart(args);
      expect([code, stdout.split(" [")[0]]).toEqual([0, "usage: npx rampart backup repair <stack>"]);
    },
  );

  it("has a page for every command, none wider than 100 columns", async () => {
    for (const { name } of COMMANDS) {
      const { code, stdout } = await rampart([name, "--help"]);
      expect([code, stdout.split("\n")[0]?.startsWith(`usage: npx rampart ${name}`)]).toEqual([0, true]);
      expect(stdout.split("\n").filter((line) => line.length > 100)).toEqual([]);
    }
  });

  it("names a default, a short form and what may follow --", async () => {
    const { stdout } = await rampart(["psql", "--help"]);
    expect(stdout).toContain("  -r, --role ROLE         migrator, app_rw, app_ro,");
    expect(stdout).toContain("(default: app_ro)");
    expect(stdout).toContain("  -- <arguments of psql>  passed on to psql, such as -- -c 'select 1'");
  });

  it("is Pulumi's own after `rampart pulumi <command>`", async () => {
    expect((await rampart(["pulumi", "--help"])).stdout).toMatch(/^usage: npx rampart pulumi <command of Pulumi>/);
    expect((await rampart(["pulumi", "up", "--help"], { PATH: "" }, process.cwd())).stderr).toMatch(
      /^The Pulumi CLI \(`pulumi`\) is missing/,
    );
  });
});

describe("a command line that cannot be", () => {
  it("without a command shows the list, as an error", async () =>
    expect(await rampart([])).toEqual({ code: 2, stdout: "", stderr: `Name a command.\n${OVERVIEW}` }));

  it.each([
    [["psqll"], "Unknown command 'psqll'; did you mean 'psql'?\nAll commands: `npx rampart --help`.\n"],
    [["deploy"], "Unknown command 'deploy'\nAll commands: `npx rampart --help`.\n"],
    [["help", "bakcup"], "Unknown command 'bakcup'; did you mean 'backup'?\nAll commands: `npx rampart --help`.\n"],
    [["--stack"], "Unknown option '--stack'\nAll commands: `npx rampart --help`.\n"],
    [
      ["backup", "prod", "--confg-file=x"],
      "Unknown option '--confg-file' of rampart backup; did you mean --config-file?\n" +
        "All options: `npx rampart backup --help`.\n",
    ],
    [
      ["backup", "repair"],
      "<stack>: given nothing; allowed: the name of one stack\nName the stack: `npx rampart backup repair prod`.\n" +
        "All options: `npx rampart backup repair --help`.\n",
    ],
    [
      ["backup"],
      "<stack>: given nothing; allowed: the name of one stack\nName the stack: `npx rampart backup prod`.\n" +
        "All options: `npx rampart backup --help`.\n",
    ],
  ])("%j ends with 2 and says what is meant", async (args, stderr) =>
    expect(await rampart(args)).toEqual({ code: 2, stdout: "", stderr }),
  );

  it("is refused where npm run took its options", async () => {
    const env = { npm_lifecycle_event: "restore", npm_config_to: "live" };
    expect(await rampart(["restore", "prod"], env)).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "npm took --to for an option of its own\nPut `--` before the arguments, `npm run restore -- … --to …`, " +
        "or run `npx rampart restore … --to …`.\nAll options: `npx rampart restore --help`.\n",
    });
    // A script of another name may have any option.
    expect((await rampart(["backup", "prod"], { ...env, PATH: "" })).stderr).toMatch(/^The Docker CLI/);
    expect((await rampart(["start"], { npm_lifecycle_event: "start", npm_config_stack: "prod" })).stderr).toContain(
      "`npm start -- … --stack …`",
    );
  });
});

describe("a failure", () => {
  it("of the user's says what is missing, and ends with 1", async () =>
    expect(await rampart(["backup", "prod"], { PATH: "" })).toEqual({
      code: 1,
      stdout: "",
      stderr:
        "The Docker CLI (`docker`) is missing: install Docker 20.10 or later from " +
        "https://docs.docker.com/get-docker/.\n",
    }));

  it("of a file that is not there ends with 2", async () => {
    const { code, stderr } = await rampart(["backup", "prod", "--config-file", "/nowhere/x.yaml"]);
    expect([code, stderr]).toEqual([2, "there is no /nowhere/Pulumi.yaml; run this in a Pulumi project\n"]);
  });
});

test("every file of commands/ but the entry is a command of its own name", () =>
  expect(
    readdirSync(join(__dirname, "../../commands"))
      .filter((file) => file.endsWith(".ts") && file !== "rampart.ts")
      .sort(),
  ).toEqual(COMMANDS.map(({ name }) => `${name.replace(" ", "-")}.ts`).sort()));
