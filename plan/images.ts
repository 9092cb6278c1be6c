import type { RecordedResource } from "./monitor";

export interface ImageChange {
  /** Without tag and digest. */
  readonly repository: string;
  /** `tag@0123456789ab`; absent where the image is new, or gone. */
  readonly before?: string;
  readonly after?: string;
}

interface Image {
  readonly repository: string;
  readonly version: string;
}

function imageOf(reference: string): Image {
  const [name = "", digest = ""] = reference.split("@");
  const colon = name.lastIndexOf(":");
  const tagged = colon > name.lastIndexOf("/");
  const short = digest.replace(/^sha256:/, "").slice(0, 12);
  return {
    repository: tagged ? name.slice(0, colon) : name,
    version: `${tagged ? name.slice(colon + 1) : "no tag"}${short === "" ? "" : `@${short}`}`,
  };
}

const imagesOf = (resources: readonly RecordedResource[]): Image[] =>
  resources.flatMap(({ type, inputs }) =>
    type === "docker:index/remoteImage:RemoteImage" && typeof inputs["name"] === "string"
      ? [imageOf(inputs["name"])]
      : [],
  );

/** Images that came, went or changed, by repository. A repository may have several versions at a time. */
export function imageChanges(before: readonly RecordedResource[], after: readonly RecordedResource[]): ImageChange[] {
  const [old, now] = [imagesOf(before), imagesOf(after)];
  const repositories = [...new Set([...old, ...now].map(({ repository }) => repository))].sort();
  return repositories.flatMap((repository) => {
    const versions = (images: readonly Image[]): string[] =>
      images.filter((image) => image.repository === repository).map(({ version }) => version);
    const gone = versions(old).filter((version) => !versions(now).includes(version));
    const come = versions(now).filter((version) => !versions(old).includes(version));
    return Array.from({ length: Math.max(gone.length, come.length) }, (_, index): ImageChange => {
      const [was, is] = [gone[index], come[index]];
      return {
        repository,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      };
    });
  });
}
