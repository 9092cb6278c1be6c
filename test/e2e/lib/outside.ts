import type { ChildProcess } from "node:child_process";
import { must, run, signal, start, until } from "./process";

export const OUTSIDE = { address: "198.18.77.2", gateway: "198.18.77.1", port: 7777 } as const;

/**
 * A stand-in for the internet: a network namespace behind a veth pair, with a listener in it. Where the real one cannot
 * be reached, only a control that answers shows that a refusal is Rampart's.
 */
export class Outside {
  private listener: ChildProcess | undefined;
  private readonly name = `rampart-e2e-${process.pid}`;
  private readonly link = `re2e${process.pid % 100_000}`;

  async open(): Promise<void> {
    const inside = `${this.link}p`;
    await must("ip", ["netns", "add", this.name]);
    await must("ip", ["link", "add", this.link, "type", "veth", "peer", "name", inside, "netns", this.name]);
    await must("ip", ["address", "add", `${OUTSIDE.gateway}/30`, "dev", this.link]);
    await must("ip", ["link", "set", this.link, "up"]);
    await must("ip", ["-n", this.name, "address", "add", `${OUTSIDE.address}/30`, "dev", inside]);
    await must("ip", ["-n", this.name, "link", "set", inside, "up"]);
    // So that even an address that was not translated would get an answer.
    await must("ip", ["-n", this.name, "route", "add", "default", "via", OUTSIDE.gateway]);
    this.listener = start("ip", [
      "netns",
      "exec",
      this.name,
      process.execPath,
      "-e",
      `require("node:http").createServer((_, r) => r.end("outside")).listen(${OUTSIDE.port})`,
    ]);
    await until(
      "the outside answers",
      10,
      async () =>
        (await run("curl", ["--noproxy", "*", "-s", "-m", "2", `http://${OUTSIDE.address}:${OUTSIDE.port}/`]))
          .stdout === "outside",
    );
  }

  /** As on the internet: from here on, only an address that was translated gets an answer. */
  async forgetPrivateAddresses(): Promise<void> {
    await must("ip", ["-n", this.name, "route", "delete", "default"]);
  }

  async close(): Promise<void> {
    if (this.listener !== undefined) signal(this.listener, "SIGKILL");
    await run("ip", ["link", "delete", this.link]);
    await run("ip", ["netns", "delete", this.name]);
  }
}
