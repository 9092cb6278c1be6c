import { POSTGRES_PATHS } from "../hardening/postgres/server/start-script";
import { majorOfName, preparedFrom, PREPARED_FILE, type DataVolumeFacts } from "../hardening/postgres/upgrade/upgrade";
import { LABEL_COMPONENT, LABEL_NAME, LABEL_STACK } from "../hardening/container/labels";
import { ephemeralArgs } from "../hardening/container/ephemeral";
import { defined } from "../hardening/defined";
import { labelFilters, newestContainer } from "./containers";
import type { DockerClient } from "./docker";
import { lines } from "./text";
import { NOBODY } from "../hardening/container/workload";

/** Postgres' data volumes of a stack, read without starting anything. @throws Error when the engine does not answer */
export async function dataVolumes(engine: DockerClient, stack: string, base: string): Promise<DataVolumeFacts[]> {
  const filters = labelFilters({ [LABEL_STACK]: stack, [LABEL_COMPONENT]: "volume" });
  const listed = await engine.must("the engine could not be asked for Postgres' data volumes", [
    ...["volume", "ls", "--quiet"],
    ...filters,
  ]);
  const names = lines(listed)
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
          await engine.ask([
            "inspect",
            "--format",
            `{{range .Mounts}}{{if eq .Destination "${POSTGRES_PATHS.data}"}}{{.Name}}{{end}}{{end}}`,
            container,
          ])
        ).stdout.trim();
  const image = await anyImage(engine, container);
  return Promise.all(
    names.map(async (name) => {
      const inUse = name === used;
      // Without an image no container can be made to look inside; the volume's name is then all there is to go by.
      if (image === undefined) return { name, inUse, ...defined({ major: majorOfName(base, name) }) };
      return { name, inUse, ...(await insideOf(engine, { stack, name, image })) };
    }),
  );
}

/** An image to make a container of that is never started: any will do. */
async function anyImage(engine: DockerClient, container: string | undefined): Promise<string | undefined> {
  const asked =
    container === undefined
      ? await engine.ask(["image", "ls", "--quiet", "--no-trunc"])
      : await engine.ask(["inspect", "--format", "{{.Image}}", container]);
  return lines(asked.stdout)[0];
}

/** What a data volume says of itself, read out of a container that mounts it and is never started. */
async function insideOf(
  engine: DockerClient,
  { stack, name, image }: { readonly stack: string; readonly name: string; readonly image: string },
): Promise<Pick<DataVolumeFacts, "major" | "preparedFrom">> {
  const create = [
    "create",
    ...ephemeralArgs({
      ...{ stack, component: "carrier", name: "postgres", image, user: NOBODY, entrypoint: "/none" },
      resources: { memoryMiB: 16, cpus: 0.1, pids: 1 },
      volumes: [{ name, target: "/volume", readOnly: true }],
    }),
  ];
  const created = await engine.must(`the volume ${name} could not be read`, create);
  const id = lines(created).at(-1) ?? "";
  try {
    const version = Number(await fileOf(engine, id, "/volume/PG_VERSION"));
    const from = preparedFrom((await fileOf(engine, id, `/volume/${PREPARED_FILE}`)) ?? "");
    return { ...(version > 0 ? { major: version } : {}), ...defined({ preparedFrom: from }) };
  } finally {
    await engine.ask(["rm", "--force", id]);
  }
}

const TAR_HEADER_BYTES = 512;

/** A short text file of a container; undefined where there is none. `docker cp` gives it in a tar archive. */
async function fileOf(engine: DockerClient, container: string, path: string): Promise<string | undefined> {
  const copied = await engine.ask(["cp", `${container}:${path}`, "-"]);
  return copied.code === 0 ? copied.stdout.slice(TAR_HEADER_BYTES).split("\0")[0] : undefined;
}
