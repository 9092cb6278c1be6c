import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { parseImage } from "../hardening/container/image";
import { POSTGRES_PATHS } from "../hardening/postgres/server/start-script";
import {
  majorOfName,
  majorRefusal,
  postgresMajor,
  preparedFrom,
  PREPARED_FILE,
  type DataVolumeFacts,
} from "../hardening/postgres/upgrade/upgrade";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../hardening/container/labels";
import type { StackContext } from "../resources/context";
import { docker, newestContainer, type Engine } from "./docker";
import { hooksSupported } from "./hooks";

/** The major version of the stack's Postgres image. @throws Error where its tag names none, which the configuration's checks refuse first */
export function configuredMajor(context: StackContext): number {
  const reference = context.images.reference("postgres");
  const major = postgresMajor(parseImage(reference)?.tag ?? "");
  if (major === undefined)
    throw new Error(
      `images.postgres: the tag of ${reference} names no major version; use one such as postgres:16.15-alpine@sha256:…`,
    );
  return major;
}

/**
 * A receipt that this major version was looked at beside what the engine holds, made before anything of Postgres' is
 * touched. Its creation is refused, in a preview too, where another major's server runs and no volume was prepared.
 */
export function majorCheck(
  name: string,
  context: StackContext,
  base: string,
  parent: pulumi.Resource,
): pulumi.Resource {
  const wanted = configuredMajor(context);
  const { stack, database } = context.config;
  const previous = [...database.previousMajors].sort((a, b) => a - b);
  const image = context.images.reference("postgres");
  const check = async (): Promise<void> => {
    const refused = majorRefusal({
      stack,
      base,
      wanted,
      image,
      previous,
      volumes: await dataVolumes(context.engine, stack, base),
    });
    if (refused !== undefined) throw new Error(refused);
  };
  const hooks: pulumi.ResourceHookBinding = hooksSupported()
    ? { beforeCreate: [new pulumi.ResourceHook(`${name}-major`, check, { onDryRun: true })] }
    : {};
  return new random.RandomId(
    `${name}-major`,
    { byteLength: 8, keepers: { major: String(wanted), previous: previous.join(" ") } },
    { parent, hooks },
  );
}

/** Postgres' data volumes of a stack, read without starting anything. @throws Error when the engine does not answer */
export async function dataVolumes(engine: Engine, stack: string, base: string): Promise<DataVolumeFacts[]> {
  const listed = await docker(engine, [
    "volume",
    "ls",
    "--quiet",
    "--filter",
    `label=${LABEL_STACK}=${stack}`,
    "--filter",
    `label=${LABEL_COMPONENT}=volume`,
  ]);
  if (listed.code !== 0)
    throw new Error(`the engine could not be asked for Postgres' data volumes: ${listed.stderr.trim()}`);
  const names = listed.stdout
    .split("\n")
    .filter((name) => majorOfName(base, name) !== undefined)
    .sort();
  if (names.length === 0) return [];
  const container = await newestContainer(engine, {
    [LABEL_STACK]: stack,
    [LABEL_COMPONENT]: "postgres",
    [LABEL_NAME]: "postgres",
  });
  const used =
    container === undefined
      ? ""
      : (
          await docker(engine, [
            "inspect",
            "--format",
            `{{range .Mounts}}{{if eq .Destination "${POSTGRES_PATHS.data}"}}{{.Name}}{{end}}{{end}}`,
            container,
          ])
        ).stdout.trim();
  const image = await anyImage(engine, container);
  return Promise.all(names.map((name) => volumeFacts(engine, stack, name, base, image, name === used)));
}

/** An image to make a container of that is never started: any will do. */
async function anyImage(engine: Engine, container: string | undefined): Promise<string | undefined> {
  const asked =
    container === undefined
      ? await docker(engine, ["image", "ls", "--quiet", "--no-trunc"])
      : await docker(engine, ["inspect", "--format", "{{.Image}}", container]);
  return asked.stdout.split("\n").find((line) => line !== "");
}

async function volumeFacts(
  engine: Engine,
  stack: string,
  name: string,
  base: string,
  image: string | undefined,
  inUse: boolean,
): Promise<DataVolumeFacts> {
  const byName = majorOfName(base, name);
  // Without an image no container can be made to look inside; the volume's name is then all there is to go by.
  if (image === undefined) return { name, inUse, ...(byName === undefined ? {} : { major: byName }) };
  const labels = [
    "--label",
    `${LABEL_STACK}=${stack}`,
    "--label",
    `${LABEL_COMPONENT}=carrier`,
    "--label",
    `${LABEL_NAME}=postgres`,
  ];
  const hardened = [
    "--network",
    "none",
    "--user",
    "65534:65534",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges:true",
    "--read-only",
  ];
  const created = await docker(engine, [
    "create",
    ...labels,
    ...hardened,
    "--volume",
    `${name}:/volume:ro,nocopy`,
    "--entrypoint",
    "/none",
    image,
  ]);
  const id = created.stdout.trim().split("\n").at(-1) ?? "";
  if (created.code !== 0) throw new Error(`the volume ${name} could not be read: ${created.stderr.trim()}`);
  try {
    const version = Number(await fileOf(engine, id, "/volume/PG_VERSION"));
    const from = preparedFrom((await fileOf(engine, id, `/volume/${PREPARED_FILE}`)) ?? "");
    return {
      name,
      inUse,
      ...(version > 0 ? { major: version } : {}),
      ...(from === undefined ? {} : { preparedFrom: from }),
    };
  } finally {
    await docker(engine, ["rm", "--force", id]);
  }
}

const TAR_HEADER_BYTES = 512;

/** A short text file of a container; undefined where there is none. `docker cp` gives it in a tar archive. */
async function fileOf(engine: Engine, container: string, path: string): Promise<string | undefined> {
  const copied = await docker(engine, ["cp", `${container}:${path}`, "-"]);
  return copied.code === 0 ? copied.stdout.slice(TAR_HEADER_BYTES).split("\0")[0] : undefined;
}
