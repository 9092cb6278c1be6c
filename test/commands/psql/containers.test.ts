import { runSession, runSuperuser } from "../../../commands/psql/session";
import { openTunnel } from "../../../commands/psql/tunnel";
import { DockerClient } from "../../../engine/docker";
import { clock } from "../../../engine/until";
import { FakeDocker } from "../../engine/fake-docker";

const ACCESS = {
  ...{ network: "shop-internal", database: "app", superuser: "postgres" },
  passwords: { app_ro: "ReadersOwnPassword" },
};
const OPTIONS = { stack: "prod", role: "app_ro", args: ["--command", "SELECT 1"] };
const docker = new DockerClient("unix:///run/test.sock");
const path = process.env["PATH"];
let cli: FakeDocker;

beforeEach(() => {
  cli = new FakeDocker();
  process.env["PATH"] = cli.path;
  jest.spyOn(clock, "sleep").mockResolvedValue();
});
afterEach(() => {
  cli.remove();
  process.env["PATH"] = path;
  jest.restoreAllMocks();
});

const calls = (): string[] => cli.calls.map((call) => call.replace("--host unix:///run/test.sock ", ""));
const hardened = /--read-only --cap-drop ALL --security-opt no-new-privileges:true --ipc private --memory \d+m /;

describe("psql", () => {
  test("runs in a hardened container of its own, which goes with it", async () => {
    cli.answer("run", { stdout: "facade\n" });
    expect(await runSession(docker, ACCESS, OPTIONS, "sha256:1")).toBe(0);
    const [run = "", ...others] = calls().filter((call) => /^(run|exec|rm) /.test(call));
    expect(run).toMatch(/^run --detach --rm --pull never --network shop-internal --user 70:70 /);
    expect(run).toMatch(hardened);
    expect(run).toContain("--label io.rampart.ephemeral=true");
    expect(others).toEqual([
      'exec --interactive facade sh -c umask 077; cat > "$1"  sh /run/rampart/pgpass',
      "exec --interactive facade psql --command SELECT 1",
      "rm --force facade",
    ]);
    expect(calls().join()).not.toContain("ReadersOwnPassword");
  });

  test("gives psql's exit code, and the container goes all the same", async () => {
    cli.answer("run", { stdout: "facade\n" });
    cli.answer("exec", { code: 3 });
    await expect(runSession(docker, ACCESS, OPTIONS, "sha256:1")).rejects.toThrow(
      "A file for psql could not be written: `docker exec` ended with 3",
    );
    expect(calls().at(-1)).toBe("rm --force facade");
  });

  test("as the superuser runs in Postgres' own container", async () => {
    cli.answer("exec", { code: 2 });
    expect(await runSuperuser(docker, ACCESS, { ...OPTIONS, role: "superuser" }, "postgres-id")).toBe(2);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toMatch(
      /^exec --interactive --env RAMPART_DATABASE=app .* postgres-id sh -c .* psql --command SELECT 1$/,
    );
  });
});

describe("a tunnel", () => {
  const open = (): Promise<() => Promise<void>> =>
    openTunnel(docker, ACCESS, { ...OPTIONS, tunnel: 15432 }, "socat:1@sha256:1");

  test("is a hardened container that listens on loopback, and is asked until it does", async () => {
    cli.answer("exec", { afterFailures: 2 });
    const close = await open();
    const created = calls().find((call) => call.startsWith("create ")) ?? "";
    expect(created).toMatch(
      /^create --name shop-internal-psql-tunnel-15432 --init --publish 127\.0\.0\.1:15432:5432 --rm /,
    );
    expect(created).toMatch(hardened);
    expect(calls().filter((call) => call.startsWith("exec "))).toHaveLength(3);
    await close();
    expect(calls().slice(-2)).toEqual([
      "rm --force shop-internal-psql-tunnel-15432",
      "network rm shop-internal-psql-tunnel-15432",
    ]);
  });

  test("that does not listen is taken away, and says what it saw last", async () => {
    cli.answer("exec", { code: 1, stderr: "connect: Connection refused\n" });
    let now = 0;
    jest.spyOn(clock, "now").mockImplementation(() => (now += 20_000));
    await expect(open()).rejects.toThrow(
      "The tunnel did not listen within 30 s; last seen: connect: Connection refused",
    );
    expect(calls().at(-1)).toBe("network rm shop-internal-psql-tunnel-15432");
  });
});
