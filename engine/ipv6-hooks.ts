import * as pulumi from "@pulumi/pulumi";
import { ephemeralArgs } from "../hardening/container/ephemeral";
import { NOBODY } from "../hardening/container/workload";
import { addressesLost, ipv6Probe, isIpv6Answer } from "../hardening/gateway/ipv6-probe";
import type { DockerClient } from "./docker";
import { EngineError } from "./engine";

export interface Ipv6Settings {
  /** Of the receipt. */
  readonly name: string;
  readonly stack: string;
  /** An image with BusyBox, which is on the engine. */
  readonly image: string;
  /** The port of the host on which the edge takes TLS. */
  readonly port: number;
}

/**
 * The hook of a receipt that clients of IPv6 keep their addresses. It connects to the host's own address, by a
 * container in the host's network that has no right and no file; the gateway refuses what the engine hands on.
 */
export const ipv6Hook = (engine: DockerClient, settings: Ipv6Settings): pulumi.ResourceHookBinding => ({
  beforeCreate: [new pulumi.ResourceHook(`${settings.name}-probe`, () => probe(engine, settings))],
});

async function probe(engine: DockerClient, { name, stack, image, port }: Ipv6Settings): Promise<void> {
  const said = await engine.must(`${name}: IPv6 could not be tried`, [
    "run",
    ...ephemeralArgs(
      {
        ...{ stack, component: "job", name: "ipv6-probe", image, user: NOBODY, network: "host" },
        ...{ entrypoint: "/bin/sh", command: ["-c", ipv6Probe(), "-", String(port)] },
        resources: { memoryMiB: 16, cpus: 0.5, pids: 16 },
      },
      [],
    ),
  ]);
  const answer = said.trim();
  if (!isIpv6Answer(answer)) throw new EngineError(`${name}: IPv6 was tried, with no clear answer: ${answer}`);
  switch (answer) {
    case "answered":
      return;
    case "none":
      return pulumi.log.warn(
        `rampart:edge.ipv6 is true, and the host of ${engine.host} has no IPv6 address yet: nothing was tried.`,
      );
    case "closed":
      throw new EngineError(addressesLost(engine.host));
    default:
      return answer satisfies never;
  }
}
