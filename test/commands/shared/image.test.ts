import { bringImage } from "../../../commands/shared/image";
import { EngineError } from "../../../engine/engine";

const IMAGE = `ghcr.io/acme/postgres:17.2@sha256:${"ab".repeat(32)}`;

/** An engine without the image, and what its pull ends with. */
function engine(there: boolean, refusal?: string) {
  const asked: string[] = [];
  const heard = (args: readonly string[]): void => void asked.push(args.slice(0, 2).join(" "));
  return {
    asked,
    docker: {
      host: "unix:///x",
      ask: (args: readonly string[]) => {
        heard(args);
        return Promise.resolve({ code: there ? 0 : 1, stdout: "", stderr: "" });
      },
      must: (what: string, args: readonly string[]) => {
        heard(args);
        return refusal === undefined ? Promise.resolve("") : Promise.reject(new EngineError(`${what}: ${refusal}`));
      },
    },
  };
}

const failure = (refusal: string): Promise<unknown> =>
  bringImage(engine(false, refusal).docker, IMAGE, { timeoutSeconds: 1 }).then(
    () => undefined,
    (error: unknown) => error,
  );

test("an image that the engine has is not pulled", async () => {
  const { docker, asked } = engine(true);
  await bringImage(docker, IMAGE, { timeoutSeconds: 1, onPull: () => asked.push("told") });
  expect(asked).toEqual(["image inspect"]);
});

test("an image that is missing is pulled, after a word about it", async () => {
  const { docker, asked } = engine(false);
  await bringImage(docker, IMAGE, { timeoutSeconds: 1, onPull: () => asked.push("told") });
  expect(asked).toEqual(["image inspect", "told", "pull --quiet"]);
});

test("a refusal names the registry, whose login was used, and what to do", async () => {
  expect(await failure("Error response from daemon: Head: denied")).toMatchObject({
    name: "UserError",
    message:
      "ghcr.io refused ghcr.io/acme/postgres:17.2, asked by `docker login ghcr.io` on this machine: Head: denied.\n" +
      "Run `docker login ghcr.io` again, as a user who may pull this image.",
    hint:
      "This command pulls with the login of the Docker CLI on this machine, " +
      "and not with rampart:registries (docs/registries.md).",
  });
});

test("any other failure has the engine's own words", async () => {
  expect(await failure("no space left on device")).toMatchObject({
    name: "EngineError",
    message: `The image ${IMAGE} could not be pulled: no space left on device`,
  });
});
