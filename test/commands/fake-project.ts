/** A project of a stack called dev, on whose PATH stand-ins for Docker and Pulumi are all there is. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { FakeDocker } from "../engine/fake-docker";
import { FakePulumi } from "./fake-pulumi";
import { rampart, type Ran } from "./support";

export class FakeProject {
  readonly docker = new FakeDocker();
  readonly pulumi = new FakePulumi();
  readonly root = mkdtempSync(join(tmpdir(), "rampart-project-"));
  private readonly path = process.env["PATH"];

  /** @param file what Pulumi.dev.yaml says */
  constructor(file: string) {
    copyFileSync(resolve(__dirname, "../../Pulumi.yaml"), join(this.root, "Pulumi.yaml"));
    writeFileSync(join(this.root, "Pulumi.dev.yaml"), file);
    process.env["PATH"] = `${this.pulumi.directory}:${this.docker.path}`;
  }

  /** Runs a command of Rampart's in the project. */
  rampart(...args: readonly string[]): Promise<Ran> {
    const env = {
      PATH: process.env["PATH"],
      HOME: this.root,
      CI: "true",
      DOCKER_HOST: "unix:///run/test.sock",
      PULUMI_BACKEND_URL: "file:///elsewhere",
    };
    return rampart(args, env, this.root);
  }

  remove(): void {
    process.env["PATH"] = this.path;
    this.docker.remove();
    this.pulumi.remove();
    rmSync(this.root, { recursive: true });
  }
}
