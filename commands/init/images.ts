import type { EngineFacts } from "../../config/compose/project";
import { repositoryOf } from "../../config/compose/roles";
import { contextHost, DockerClient } from "../../engine/docker";
import { EngineError } from "../../engine/engine";
import { defined } from "../../hardening/defined";
import { field, parseJson, text } from "../shared/json";
import type { Printer } from "../shared/output";

/** A registry that does not answer within this is asked no more. */
const REGISTRY_SECONDS = 10;

/** What the engine has of each image, and the digest from the registry of one that the engine does not have. */
export async function imageFacts(images: readonly string[], print: Printer): Promise<Map<string, EngineFacts>> {
  const facts = new Map<string, EngineFacts>();
  try {
    const host = process.env["DOCKER_HOST"] ?? (await contextHost(process.env));
    if (host === undefined) return facts;
    const docker = new DockerClient(host);
    let registry = true;
    for (const image of images) {
      const local = await docker.ask(["image", "inspect", "--format", "{{json .}}", image]);
      if (local.code === 0) {
        facts.set(image, inspected(parseJson(local.stdout), image));
        if (facts.get(image)?.digest !== undefined) continue;
      }
      if (!registry) continue;
      print.progress(`asking the registry for the digest of ${image}`);
      const remote = await docker.ask(["buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}", image], {
        timeoutSeconds: REGISTRY_SECONDS,
      });
      const digest = remote.code === 0 ? text(field(parseJson(remote.stdout), "digest")) : undefined;
      if (digest !== undefined) facts.set(image, { ...facts.get(image), digest });
      else registry = /not found|denied|unauthorized|forbidden/i.test(remote.stderr);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
  return facts;
}

function inspected(image: unknown, reference: string): EngineFacts {
  const digests = field(image, "RepoDigests");
  const own = (Array.isArray(digests) ? digests.map(String) : []).find((one) =>
    one.startsWith(`${repositoryOf(reference)}@`),
  );
  const config = field(image, "Config");
  const words = (key: string): string[] | undefined => {
    const value = field(config, key);
    return Array.isArray(value) ? value.map(String) : undefined;
  };
  const exposed = field(config, "ExposedPorts");
  const ports = Object.keys(typeof exposed === "object" && exposed !== null ? exposed : {}).flatMap((port) =>
    port.endsWith("/tcp") ? [Number.parseInt(port, 10)] : [],
  );
  return defined({
    digest: own?.split("@")[1],
    user: text(field(config, "User")),
    ports: ports.length === 0 ? undefined : ports.sort((a, b) => a - b),
    entrypoint: words("Entrypoint") ?? [],
    command: words("Cmd") ?? [],
  });
}
