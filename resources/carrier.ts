import { createHash, createHmac } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { ownerLabels } from "../hardening/container/labels";
import type { StackContext } from "./context";
import { NOBODY } from "../hardening/container/workload";

export interface MountedFile {
  readonly content: pulumi.Input<string>;
  /** Octal permissions. The volume has one reader, whose uid is its own matter. @default "0444" */
  readonly permissions?: string;
  /** Whether this one is secret among others that are not. @default as the carrier's files are */
  readonly secret?: boolean;
}

/** Contents by file name. */
export type FilesByName = Readonly<Record<string, MountedFile>>;

export interface CarrierArgs {
  /** Whose files these are: the label `io.rampart.name`. */
  readonly owner: string;
  /** Contents by file name. @default none */
  readonly files?: FilesByName;
  /** Whether the contents are secret. @default false */
  readonly secret?: boolean;
  readonly volumeName: pulumi.Input<string>;
  /** Where it mounts the volume; its consumer mounts it wherever it needs it. @default "/files" */
  readonly mountPath?: string;
  readonly extraLabels?: readonly { readonly label: string; readonly value: pulumi.Input<string> }[];
}

/**
 * A container that is created, never started and on no network, whose uploads fill a volume. The engine refuses uploads
 * into a container with a read-only root; a carrier needs no such root, as nothing ever runs in it.
 */
export function createCarrier(
  name: string,
  context: StackContext,
  args: CarrierArgs,
  opts: pulumi.CustomResourceOptions,
): docker.Container {
  const mountPath = args.mountPath ?? "/files";
  const secret = args.secret ?? false;
  const uploads = Object.entries(args.files ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, { content, permissions, secret: one = secret }]) => ({
      file: `${mountPath}/${file}`,
      content: one ? pulumi.secret(content) : content,
      permissions: permissions ?? "0444",
    }));
  return new docker.Container(
    `${name}-carrier`,
    {
      image: context.images.id(context.images.reference("traefik")),
      start: false,
      mustRun: false,
      restart: "no",
      networkMode: "none",
      user: NOBODY,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      logDriver: "none",
      envs: [],
      volumes: [{ volumeName: args.volumeName, containerPath: mountPath }],
      ...(uploads.length === 0 ? {} : { uploads }),
      labels: [
        ...ownerLabels({ stack: context.config.stack }, "carrier", args.owner),
        ...(args.extraLabels ?? []),
      ].sort((a, b) => (a.label < b.label ? -1 : 1)),
    },
    { deleteBeforeReplace: false, ...opts, hooks: { ...context.hooks.carrier, ...opts.hooks } },
  );
}

/** `<name>-<twelve hex digits of the contents>`; keyed with the stack's salt where the contents are secret. */
export function volumeName(name: string, files: FilesByName, salt?: pulumi.Output<string>): pulumi.Output<string> {
  return filesDigest(files, salt).apply((digest) => `${name}-${digest}`);
}

/**
 * Twelve hex digits of names, permissions and contents. A keyed digest of secrets is no secret, and every tool shows
 * it.
 */
export function filesDigest(files: FilesByName, salt?: pulumi.Output<string>): pulumi.Output<string> {
  const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  const contents = pulumi.all(entries.map(([, file]) => file.content));
  return pulumi.unsecret(
    pulumi.all([contents, salt ?? ""]).apply(([texts, key]) =>
      digest(
        entries.map(([file, { permissions }], index) => [file, permissions ?? "", texts[index] ?? ""]),
        key,
      ),
    ),
  );
}

function digest(parts: readonly (readonly string[])[], key: string): string {
  const hash = key === "" ? createHash("sha256") : createHmac("sha256", key);
  return hash.update(JSON.stringify(parts)).digest("hex").slice(0, 12);
}
