/** Receivers of logs, on the host's network, where a stack's way out leads. */
import { docker, inNetworkOf, mustDocker, type Container } from "./engine";

/** VictoriaLogs' address within the stack's network `logs`. */
export const storeUrl = (pool: string): string => `http://${pool.replace(/0\.0\/16$/, "254.10")}:9428`;

export interface Line {
  readonly _msg: string;
  readonly _time: string;
  readonly container: string;
  readonly [field: string]: string;
}

/** What a store answers to a query in LogsQL, asked in its own network. */
export async function query(store: Container, url: string, text: string): Promise<readonly Line[]> {
  const command = ["curl", "--noproxy", "*", "-sS", "-m", "20", `${url}/select/logsql/query`, "-d", `query=${text}`];
  const { stdout, stderr, code } = await inNetworkOf(store, command);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Line);
}

/** A receiver in a container of its own, which writes what it is sent to a file. */
export class Receiver {
  constructor(
    private readonly name: string,
    private readonly image: string,
    private readonly file: string,
  ) {}

  async start(): Promise<void> {
    await mustDocker([
      ...["run", "--detach", "--network", "host", "--label", "io.rampart.e2e=1", "--name", this.name, this.image],
    ]);
  }

  /** All of what it was sent, as it wrote it. */
  async lines(): Promise<string> {
    return (await docker(["exec", this.name, "cat", this.file])).stdout;
  }

  async stop(): Promise<void> {
    await mustDocker(["stop", "--time", "1", this.name]);
  }

  async again(): Promise<void> {
    await mustDocker(["start", this.name]);
  }

  async remove(): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.name]);
  }
}
