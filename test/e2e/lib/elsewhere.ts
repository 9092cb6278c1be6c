import { must, run } from "./process";

const ADDRESS = "198.18.78.2";
const GATEWAY = "198.18.78.1";

/** A client at an address of its own, which reaches the host as one on another machine does. */
export interface Elsewhere {
  readonly address: string;
  /** The host's address, as the client sees it. */
  readonly host: string;
  /** Status, headers and body as curl shows them; a stream is cut off after `seconds`. */
  readonly curl: (
    url: { readonly host: string; readonly port: number; readonly path: string },
    args?: readonly string[],
    seconds?: number,
  ) => Promise<{ readonly status: number; readonly output: string }>;
  /** Whether a TCP connection comes about; the host routes those to addresses of containers. */
  readonly connects: (address: string, port: number) => Promise<boolean>;
}

/** Makes the client, in a network namespace behind a veth pair, and takes it away again. */
export async function fromElsewhere<T>(use: (client: Elsewhere) => Promise<T>): Promise<T> {
  const name = `rampart-e2e-elsewhere-${process.pid}`;
  const link = `re2x${process.pid % 100_000}`;
  const inside = `${link}p`;
  try {
    await must("ip", ["netns", "add", name]);
    await must("ip", ["link", "add", link, "type", "veth", "peer", "name", inside, "netns", name]);
    await must("ip", ["address", "add", `${GATEWAY}/30`, "dev", link]);
    await must("ip", ["link", "set", link, "up"]);
    await must("ip", ["-n", name, "address", "add", `${ADDRESS}/30`, "dev", inside]);
    await must("ip", ["-n", name, "link", "set", inside, "up"]);
    await must("ip", ["-n", name, "route", "add", "default", "via", GATEWAY]);
    return await use(client(name));
  } finally {
    await run("ip", ["link", "delete", link]);
    await run("ip", ["netns", "delete", name]);
  }
}

const client = (name: string): Elsewhere => ({
  address: ADDRESS,
  host: GATEWAY,
  curl: async ({ host, port, path }, args = [], seconds = 10) => {
    const { stdout, stderr } = await run("ip", [
      ...["netns", "exec", name, "curl", "--noproxy", "*", "-sSki", "--path-as-is", "-m", String(seconds)],
      ...["--resolve", `${host}:${port}:${GATEWAY}`, ...args, `https://${host}:${port}${path}`],
    ]);
    const status = /^HTTP\/[\d.]+ (\d{3})/.exec(stdout)?.[1];
    if (status === undefined) throw new Error(`no answer for ${path}: ${stderr}`);
    return { status: Number(status), output: stdout };
  },
  connects: async (address, port) => {
    const command = ["timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${address}/${port}`];
    return (await run("ip", ["netns", "exec", name, ...command])).code === 0;
  },
});
