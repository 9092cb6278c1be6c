import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { hooksSupported } from "../engine/hooks";
import { dataVolumes } from "../engine/postgres-major";
import { parseImage } from "../hardening/container/image";
import { majorRefusal, postgresMajor } from "../hardening/postgres/upgrade/upgrade";
import type { StackContext } from "./context";

/**
 * The major version of the stack's Postgres image.
 * @throws Error where its tag names none, which the configuration's checks refuse first
 */
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
