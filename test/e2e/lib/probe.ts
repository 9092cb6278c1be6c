import { type Container, docker, inNetworkOf, mustDocker } from "./engine";
import { until } from "./process";

export interface Attempt {
  readonly op: string;
  readonly target?: string;
  readonly ok: boolean;
  readonly errno?: string;
  readonly error?: string;
}

const PORT = 39_771;

/**
 * A process of the application's own program inside one of its containers: under that container's system call filter,
 * without privileges, on its networks. What it can do is what someone can who broke into that service.
 */
export class Probe {
  private constructor(
    private readonly target: Container,
    private readonly pid: number,
  ) {}

  static async into(target: Container): Promise<Probe> {
    await mustDocker(["exec", "--detach", "--env", `LISTEN=127.0.0.1:${PORT}`, target.Id, "/usr/local/bin/app", "api"]);
    await until(
      "the probe listens",
      10,
      async () =>
        (await inNetworkOf(target, ["curl", "--noproxy", "*", "-s", "-m", "2", `http://127.0.0.1:${PORT}/healthz`]))
          .stdout === "ok",
    );
    const top = await mustDocker(["top", target.Id, "-eo", "pid,args"]);
    const pids = top
      .split("\n")
      .filter((line) => /app api\s*$/.test(line))
      .map((line) => Number(line.trim().split(/\s+/)[0]))
      .filter((pid) => pid !== target.State.Pid);
    return new Probe(target, pids.at(-1) ?? 0);
  }

  async try(op: string, target = ""): Promise<Attempt> {
    const url = `http://127.0.0.1:${PORT}/api/try?op=${op}&target=${encodeURIComponent(target)}`;
    const result = await inNetworkOf(this.target, ["curl", "--noproxy", "*", "-sS", "-m", "15", url]);
    if (result.code !== 0) throw new Error(`the probe in ${this.target.Name} did not answer: ${result.stderr}`);
    return JSON.parse(result.stdout) as Attempt;
  }

  close(): void {
    if (this.pid === 0) return;
    try {
      process.kill(this.pid);
    } catch {
      // It went with its container.
    }
  }
}

/** Does something with a probe in each of the containers. */
export async function withProbe<T>(target: Container, use: (probe: Probe) => Promise<T>): Promise<T> {
  const probe = await Probe.into(target);
  try {
    return await use(probe);
  } finally {
    probe.close();
  }
}

/** Whether a TCP connection comes about from a container's network, for containers without the probe's program. */
export async function connects(from: Container, host: string, port: number): Promise<boolean> {
  const result = await inNetworkOf(from, ["timeout", "3", "bash", "-c", `exec 3<>/dev/tcp/${host}/${port}`]);
  return result.code === 0;
}

/** Runs the application's image by itself, as a control that shows what the kernel allows without Rampart. */
export async function control(image: string, options: readonly string[], op: string): Promise<Attempt> {
  const name = `rampart-e2e-control-${process.pid}`;
  await mustDocker(["run", "--detach", "--name", name, "--label", "io.rampart.e2e=1", ...options, image, "api"]);
  try {
    const [started] = JSON.parse(await mustDocker(["inspect", name])) as Container[];
    if (started === undefined) throw new Error("the control is not there");
    return await withProbe(started, (probe) => probe.try(op));
  } finally {
    await docker(["rm", "--force", "--volumes", name]);
  }
}
