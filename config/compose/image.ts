/** The image of a service, pinned where the engine knows the digest. */
import { imageFault } from "../../hardening/container/image";
import { fillIn } from "../places";
import { isMarked, readable, unsetNames } from "./hidden";
import type { DraftContext, Remarks } from "./draft-types";
import type { EngineFacts, Member } from "./project";
import { isNginx, repositoryOf, tagOf } from "./roles";

/** What is known of the image, from its Dockerfile and from the engine. */
export function factsOf({ service, built }: Member, images: ReadonlyMap<string, EngineFacts>): EngineFacts {
  return service.build === undefined
    ? (images.get(service.image ?? "") ?? {})
    : { ...images.get(service.image ?? ""), ...built };
}

interface ImageArgs {
  readonly member: Member;
  readonly context: DraftContext;
  readonly remarks: Remarks;
  readonly services: readonly string[];
}

export function draftImage({ member, context, remarks, services }: ImageArgs): string {
  const { service } = member;
  if (service.build !== undefined) {
    const name = service.image === undefined ? `<registry>/${member.name}` : repositoryOf(service.image);
    remarks.instead.push({
      services,
      about: "build",
      text: "Rampart builds nothing: build and push the image, and write its tag and digest under `image`",
    });
    return fillIn(
      `${name}:<tag>@sha256:<digest>, ` +
        `once \`docker compose build ${service.name}\` has built the image and it is pushed`,
    );
  }
  const given = service.image;
  if (given === undefined) return fillIn("<repository>:<tag>@sha256:<digest>; the compose file names no image");
  if (isMarked(given)) {
    const unset = unsetNames(given);
    return fillIn(
      `${readable(given)} with its tag and digest, such as <repository>:<tag>@sha256:<digest>` +
        (unset.length === 0 ? "" : `; ${unset.join(", ")} is not set`),
    );
  }
  if (imageFault(given) === undefined) return given;
  const repository = repositoryOf(given);
  const tag = tagOf(given);
  const digest = context.images.get(given)?.digest ?? /@(sha256:[0-9a-f]{64})$/.exec(given)?.[1];
  if (isNginx(member.service) && /(?:^|\/)nginx$/.test(repository)) {
    remarks.instead.push({
      services,
      about: "nginx",
      text: "nginxinc/nginx-unprivileged is the same server without root, on port 8080",
    });
    return fillIn(
      "nginxinc/nginx-unprivileged:<tag>@sha256:<digest>, or the image with your pages that you build from it",
    );
  }
  if (tag === undefined || /(?:^|[-_.])latest(?:[-_.]|$)/i.test(tag)) {
    remarks.instead.push({
      services,
      about: tag ?? "an image without a tag",
      text: "a tag that says nothing is refused: name the version, and its digest",
    });
    return fillIn(
      `${repository}:<version>@sha256:<digest>; the compose file says ` +
        `${tag ?? "no tag, which is latest"}${digest === undefined ? "" : `, now ${digest}`}`,
    );
  }
  const pinned = `${repository}:${tag}@${digest ?? ""}`;
  if (digest !== undefined && imageFault(pinned) === undefined) return pinned;
  return fillIn(
    `${repository}:${tag}@sha256:<digest>; \`docker buildx imagetools inspect ${repository}:${tag}\` prints the digest`,
  );
}
