import { hostname } from "node:os";
import { labelFilters } from "../../engine/containers";
import type { DockerClient } from "../../engine/docker";
import { lastLines, lines } from "../../engine/text";
import { until } from "../../engine/until";
import { ephemeralArgs, type EphemeralContainer } from "../../hardening/container/ephemeral";
import { LABEL_COMPONENT, LABEL_EPHEMERAL, LABEL_NAME, LABEL_STACK } from "../../hardening/container/labels";
import { passwordOf, type DatabaseAccess } from "./access";
import type { PsqlOptions } from "./options";
import { LABEL_OWNER, owner, SESSION_NAME } from "./session";
import { NOBODY } from "../../hardening/container/workload";
import { POSTGRES_ALIAS, POSTGRES_PORT } from "../../hardening/postgres/server/url";

export const TUNNEL_NAME = "psql-tunnel";
/** A tunnel whose owner vanished closes by itself. */
const LONGEST_SECONDS = 12 * 3600;
const READY_SECONDS = 30;

export interface TunnelOptions extends PsqlOptions {
  readonly tunnel: number;
}

/**
 * A forwarder that lasts as long as this process: it listens on the engine's loopback only. An engine never binds a
 * published port of a container on an internal network only, so that the tunnel gets a bridge of its own.
 */
export async function openTunnel(
  docker: DockerClient,
  access: DatabaseAccess,
  options: TunnelOptions,
  image: string,
): Promise<() => Promise<void>> {
  passwordOf(access, options.role);
  const name = `${access.network}-${TUNNEL_NAME}-${options.tunnel}`;
  const labels = { [LABEL_OWNER]: owner() };
  const all = {
    [LABEL_COMPONENT]: "network",
    [LABEL_NAME]: TUNNEL_NAME,
    [LABEL_STACK]: options.stack,
    [LABEL_EPHEMERAL]: "true",
    ...labels,
  };
  const close = async (): Promise<void> => {
    await docker.ask(["rm", "--force", name]);
    await docker.ask(["network", "rm", name]);
  };
  const bridge = [
    "--driver",
    "bridge",
    "--opt",
    "com.docker.network.bridge.enable_icc=false",
    ...Object.entries(all).flatMap(([label, value]) => ["--label", `${label}=${value}`]),
  ];
  await docker.must(`A tunnel on port ${options.tunnel} is open already, or its network could not be made`, [
    "network",
    "create",
    ...bridge,
    name,
  ]);
  try {
    const forwarder: EphemeralContainer = {
      ...{
        stack: options.stack,
        component: "forwarder",
        name: TUNNEL_NAME,
        image,
        user: NOBODY,
        network: name,
        labels,
      },
      resources: { memoryMiB: 32, cpus: 0.25, pids: 48 },
      entrypoint: "timeout",
      command: [
        String(LONGEST_SECONDS),
        "socat",
        `TCP-LISTEN:${POSTGRES_PORT},fork,reuseaddr,max-children=16`,
        `TCP:${POSTGRES_ALIAS}:${POSTGRES_PORT}`,
      ],
    };
    const published = ["--name", name, "--init", "--publish", `127.0.0.1:${options.tunnel}:${POSTGRES_PORT}`];
    await docker.must("The tunnel could not be made", ["create", ...ephemeralArgs(forwarder, published)]);
    await docker.must("The tunnel could not reach the internal network", ["network", "connect", access.network, name]);
    await docker.must(`The tunnel could not listen on 127.0.0.1:${options.tunnel} of the engine's host`, [
      "start",
      name,
    ]);
    await listening(docker, name);
  } catch (error) {
    await close();
    throw error;
  }
  return close;
}

/** The engine takes connections to a published port from the start, and drops them until the forwarder listens. */
function listening(docker: DockerClient, name: string): Promise<true> {
  const knock = ["exec", name, "socat", "-u", "/dev/null", `TCP:127.0.0.1:${POSTGRES_PORT}`];
  return until("The tunnel did not listen", { seconds: READY_SECONDS, everyMs: 200 }, async () => {
    const { code, stderr } = await docker.ask(knock, { timeoutSeconds: READY_SECONDS });
    return code === 0 ? { fact: true } : { state: lastLines(stderr) || `socat ended with ${code}` };
  });
}

/** What to tell a graphical client. The password is not among it. */
export function tunnelText(access: DatabaseAccess, options: TunnelOptions, host: string): string {
  const database = options.database ?? access.database;
  const ssl = access.ca === undefined ? "sslmode=disable" : "sslmode=verify-full&sslrootcert=ca.pem";
  const query = `pulumi stack output database --show-secrets --json --stack ${options.stack}`;
  return [
    ...(host.startsWith("ssh://")
      ? ["On this machine, in another terminal:", `  ${sshCommand(host, options.tunnel)}`, ""]
      : []),
    `postgresql://${options.role}@127.0.0.1:${options.tunnel}/${database}?${ssl}`,
    `password: ${query} | jq -r '.passwords.${options.role}'`,
    ...(access.ca === undefined ? [] : [`CA:       ${query} | jq -r .ca > ca.pem`]),
    "",
    "Ctrl-C closes the tunnel.",
    "",
  ].join("\n");
}

/** `ssh -L` to an engine's host, as its `ssh://` address has user and port. */
export function sshCommand(host: string, port: number): string {
  const url = new URL(host);
  const user = url.username === "" ? "" : `${url.username}@`;
  return `ssh -N -L ${port}:127.0.0.1:${port} ${url.port === "" ? "" : `-p ${url.port} `}${user}${url.hostname}`;
}

/** Whether the process that made something is gone: certain only of this machine's. */
export function isOrphan(made: string, alive: (pid: number) => boolean): boolean {
  const [, host, pid] = /^(.*):(\d+)$/.exec(made) ?? [];
  return host === hostname() && pid !== undefined && !alive(Number(pid));
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive all the same.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Removes sessions and tunnels of this stack whose process was killed before it could. */
export async function sweepLeftovers(docker: DockerClient, stack: string): Promise<void> {
  for (const name of [SESSION_NAME, TUNNEL_NAME]) {
    const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_NAME]: name, [LABEL_EPHEMERAL]: "true" });
    const format = ["--format", `{{.ID}} {{.Label "${LABEL_OWNER}"}}`];
    const orphans = async (listing: readonly string[]): Promise<string[]> =>
      lines(
        await docker.must("What earlier sessions left could not be listed", [...listing, ...filters, ...format]),
      ).flatMap((line) => {
        const [id = "", made = ""] = line.split(" ");
        return isOrphan(made, alive) ? [id] : [];
      });
    for (const id of await orphans(["ps", "--all", "--no-trunc"])) await docker.ask(["rm", "--force", id]);
    for (const id of await orphans(["network", "ls", "--no-trunc"])) await docker.ask(["network", "rm", id]);
  }
}
