import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { contextHost, DockerClient, TIMED_OUT } from "../../engine/docker";
import { EngineError } from "../../engine/engine";

/** A `docker` that runs the script which is its command's last argument: `docker --host <host> exec … <script>`. */
const DOCKER = '#!/bin/sh\nprintf "%s %s\\n" "$1" "$2" > "$0.host"\nfor script; do :; done\nexec sh -c "$script"\n';
const HOST = "ssh://deploy@example.com";
const docker = new DockerClient(HOST);
const path = process.env["PATH"];
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rampart-client-"));
  writeFileSync(join(directory, "docker"), DOCKER, { mode: 0o755 });
  process.env["PATH"] = `${directory}:${path ?? ""}`;
});
afterEach(() => {
  process.env["PATH"] = path;
  rmSync(directory, { recursive: true, force: true });
});

const exec = (script: string): string[] => ["exec", "c0ffee", script];

test("a connection to the engine is the one that the CLI makes, and ends with it", async () => {
  writeFileSync(join(directory, "dial-stdio"), "#!/bin/sh\nexec cat\n", { mode: 0o755 });
  const connection = docker.dial();
  connection.end("GET /_ping");
  expect(await text(connection)).toBe("GET /_ping");
  expect(readFileSync(join(directory, "docker.host"), "utf8")).toBe(`--host ${HOST}\n`);
  process.env["PATH"] = directory.replace(/$/, "-empty");
  const missing = docker.dial();
  await expect(new Promise((_resolve, reject) => missing.on("error", reject))).rejects.toThrow(/ENOENT/);
});

describe("ask", () => {
  test("gives the exit code and both streams, and reaches the engine of its host", async () => {
    expect(await docker.ask(exec("echo out; echo err >&2; exit 3"))).toEqual({
      code: 3,
      stdout: "out\n",
      stderr: "err\n",
    });
    expect(readFileSync(join(directory, "docker.host"), "utf8")).toBe(`--host ${HOST}\n`);
  });

  test("hands over the standard input, which is empty where none is given", async () => {
    expect((await docker.ask(exec("cat"), { input: "SELECT 1;\n" })).stdout).toBe("SELECT 1;\n");
    expect((await docker.ask(exec("cat"))).stdout).toBe("");
  });

  test("does not mind a command that ends before it has read its input", async () => {
    expect(await docker.ask(exec("exit 4"), { input: "x".repeat(1_000_000) })).toMatchObject({ code: 4 });
  });

  test("ends a command whose time is up", async () => {
    expect(await docker.ask(exec("echo begun; exec sleep 60"), { timeoutSeconds: 0.1 })).toEqual({
      code: TIMED_OUT,
      stdout: "begun\n",
      stderr: "",
    });
  });

  test("takes the exit code 124 of a command for what it is", async () => {
    await expect(docker.must("The dump failed", exec("exit 124"))).rejects.toThrow(
      /^The dump failed: `docker exec` ended with 124/,
    );
  });

  test("gives the exit code of a command that a signal ended as a shell has it", async () => {
    expect(await docker.ask(exec("kill -KILL $$"))).toMatchObject({ code: 137 });
  });

  test("says that the CLI is not installed, or why it does not start", async () => {
    process.env["PATH"] = "/nonexistent";
    const missing = docker.ask(["ps"]);
    await expect(missing).rejects.toThrow(EngineError);
    await expect(missing).rejects.toThrow("the Docker CLI (`docker`) is not installed here");
    process.env["PATH"] = directory;
    writeFileSync(join(directory, "docker"), DOCKER);
    rmSync(join(directory, "docker"));
    writeFileSync(join(directory, "docker"), DOCKER, { mode: 0o644 });
    await expect(docker.ask(["ps"])).rejects.toThrow("the Docker CLI (`docker`) could not be started: ");
  });
});

describe("must", () => {
  const failure = (script: string, timeoutSeconds = 60): Promise<string> =>
    docker.must("The image could not be pulled", exec(script), { timeoutSeconds }).then(
      () => "it passed",
      (error: unknown) => (error instanceof EngineError ? error.message : "not an EngineError"),
    );

  test("gives what a command wrote that succeeded", async () => {
    expect(await docker.must("The image could not be pulled", exec("echo sha256:1; echo noise >&2"))).toBe(
      "sha256:1\n",
    );
  });

  test("says what is the matter, with the end of what the command wrote", async () => {
    expect(await failure("seq 1 20 >&2; echo out; exit 1")).toBe(
      "The image could not be pulled: 13\n14\n15\n16\n17\n18\n19\n20",
    );
    expect(await failure("echo refused; exit 1")).toBe("The image could not be pulled: refused");
    expect(await failure("exit 137")).toBe(
      "The image could not be pulled: `docker exec` ended with 137 and wrote no message, as when its container ends",
    );
  });

  test.each([
    ["Cannot connect to the Docker daemon at unix:///x", "See that the engine runs, and that docker:host or"],
    ["permission denied while trying to connect to the Docker daemon socket", "Join the group that owns"],
    ["write /var/lib/docker/tmp/x: no space left on device", "Make room on the engine's disk, then try again."],
  ])("says what to do about %s", async (words, remedy) => {
    expect(await failure(`echo '${words}' >&2; exit 1`)).toContain(
      `The image could not be pulled: ${words}\n${remedy}`,
    );
  });

  test("leaves out where the CLI sends its reader", async () => {
    expect(
      await failure("echo 'docker: No such image: x' >&2; echo \"Run 'docker run --help' for more\" >&2; exit 125"),
    ).toBe("The image could not be pulled: docker: No such image: x");
  });

  test("says that the time was up, and how to see why", async () => {
    expect(await failure("exec sleep 60", 0.1)).toBe(
      "The image could not be pulled: not done within 0.1 s. " +
        `See whether the engine answers: \`docker --host ${HOST} version\`.`,
    );
  });
});

describe("pipe", () => {
  const pipe = (from: string, to: string): Promise<void> => docker.pipe("Restoring failed", exec(from), exec(to));

  test("hands over every byte", async () => {
    const copy = join(directory, "copy");
    await pipe("head -c 3000000 /dev/zero", `cat > ${copy}`);
    expect(readFileSync(copy).length).toBe(3_000_000);
  });

  test("loses the words of neither command", async () => {
    await expect(
      pipe("echo half; echo 'no such backup' >&2; exit 4", "cat >/dev/null; seq 1 9 >&2; exit 3"),
    ).rejects.toThrow(/^Restoring failed: no such backup\n2\n3\n4\n5\n6\n7\n8\n9$/);
  });

  test("leaves out what a command wrote that succeeded", async () => {
    await expect(pipe("echo warning >&2", "cat >/dev/null; echo refused >&2; exit 3")).rejects.toThrow(
      /^Restoring failed: refused$/,
    );
  });

  test("says which command failed where none wrote a word", async () => {
    await expect(pipe("exit 5", "cat >/dev/null")).rejects.toThrow(/^Restoring failed: `docker exec` ended with 5 and/);
  });
});

describe("save", () => {
  test("writes what a command writes to a stream", async () => {
    const stream = new PassThrough();
    const [written] = await Promise.all([text(stream), docker.save("Writing failed", exec("echo rows"), stream)]);
    expect(written).toBe("rows\n");
  });

  test("fails where the command fails", async () => {
    const stream = new PassThrough().resume();
    await expect(docker.save("Writing failed", exec("echo half; echo gone >&2; exit 1"), stream)).rejects.toThrow(
      /^Writing failed: gone$/,
    );
  });

  test("fails with the stream's error, and ends the command", async () => {
    const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no space left")) });
    await expect(docker.save("Writing failed", exec("exec yes"), full)).rejects.toThrow("no space left");
  });
});

describe("attach", () => {
  test("gives the exit code", async () => {
    expect(await docker.attach(exec("exit 7"))).toBe(7);
  });

  test.each(["SIGTERM", "SIGHUP"] as const)("sends %s on to the command, and then forgets it", async (signal) => {
    const ready = join(directory, "ready");
    const before = process.listenerCount(signal);
    const attached = docker.attach(exec(`trap 'kill $!; exit 9' TERM HUP; sleep 60 & touch ${ready}; wait`));
    while (!existsSync(ready)) await new Promise((resolve) => setImmediate(resolve));
    process.emit(signal, signal);
    expect(await attached).toBe(9);
    expect(process.listenerCount(signal)).toBe(before);
  });

  test("outlives Ctrl-C, which the command gets from the terminal", async () => {
    const ready = join(directory, "ready");
    const attached = docker.attach(exec(`mkfifo ${ready}; read go <${ready}; exit 5`));
    while (!existsSync(ready)) await new Promise((resolve) => setImmediate(resolve));
    process.emit("SIGINT", "SIGINT");
    writeFileSync(ready, "go\n");
    expect(await attached).toBe(5);
  });
});

describe("the CLI's context", () => {
  const context = (script: string): Promise<string | undefined> => {
    writeFileSync(join(directory, "docker"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return contextHost(process.env);
  };

  test("names an engine, or none", async () => {
    expect(await context('[ "$*" = "context inspect --format {{.Endpoints.docker.Host}}" ] && echo unix:///x')).toBe(
      "unix:///x",
    );
    expect(await context("exit 1")).toBeUndefined();
    expect(await context("echo")).toBeUndefined();
  });
});
