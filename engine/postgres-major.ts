import { POSTGRES_PATHS } from "../hardening/postgres/server/start-script";
import { majorOfName, preparedFrom, PREPARED_FILE, type DataVolumeFacts } from "../hardening/postgres/upgrade/upgrade";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../hardening/container/labels";
import { docker, newestContainer, type Engine } from "./docker";
import { defined } from "../hardening/defined";

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
  if (image === undefined) return { name, inUse, ...defined({ major: byName }) };
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
      ...defined({ preparedFrom: from }),
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
