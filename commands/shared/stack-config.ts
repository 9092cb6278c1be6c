import { isMap, parse, parseDocument } from "yaml";
import { UserError } from "./errors";
import { field, text } from "./json";

const SALT = "encryptionsalt";

/** What Pulumi's stack file is made from. */
export interface StackFileParts {
  readonly project: string;
  /** The tracked file's text, and its name as the user would write it. */
  readonly source: string;
  readonly sourceName: string;
  /** What Pulumi's file held at the last run. @default nothing: this is the first */
  readonly kept?: string;
  /** The salt of a stack just made. @default the one that is kept */
  readonly salt?: string;
}

/**
 * The stack file that Pulumi gets to see: the tracked file, with the salt and the encrypted values that
 * `config set --secret` left in the last one. So the tracked file stays as it is, and stays the one to edit.
 * @throws UserError when the tracked file is encrypted by a passphrase other than this directory's
 */
export function mergeStackFile({ project, source, sourceName, kept, salt }: StackFileParts): string {
  // The schema's path leads there from the tracked file only.
  const document = parseDocument(source.replace(/^# yaml-language-server:.*\n/, ""), { merge: true });
  const tracked: unknown = document.toJS();
  const before: unknown = kept === undefined ? undefined : parse(kept);
  const ourSalt = salt ?? text(field(before, SALT));
  const trackedSalt = text(field(tracked, SALT));
  if (
    field(tracked, "secretsprovider") !== undefined ||
    ((trackedSalt !== undefined || holdsSecure(tracked)) && trackedSalt !== ourSalt)
  ) {
    throw new UserError(
      `${sourceName} holds values encrypted by a key other than this directory's .rampart/passphrase: deploy that ` +
        "stack with `pulumi up` and its own backend, or take them out and set them here with `npx rampart pulumi " +
        `config set --secret ${project}:<key>\`.`,
    );
  }
  if (ourSalt !== undefined) document.set(SALT, ourSalt);
  const config = field(tracked, "config");
  const names = new Set(
    Object.keys(typeof config === "object" && config !== null ? config : {}).map((key) => fullKey(project, key)),
  );
  for (const [key, value] of Object.entries(field(before, "config") ?? {})) {
    if (!isSecure(value) || names.has(fullKey(project, key))) continue;
    if (!isMap(document.get("config"))) document.set("config", document.createNode({}));
    document.setIn(["config", key], document.createNode(value));
  }
  const header =
    ` Made from ${sourceName} by \`npm start\` and \`npx rampart pulumi\`, which write it again at each run: edit ` +
    "that file instead.\n Only values set with --secret live here.";
  document.commentBefore = (document.commentBefore ?? "") === "" ? header : `${header}\n\n${document.commentBefore}`;
  return document.toString({ lineWidth: 0 });
}

/** The salt in a stack file that Pulumi wrote. */
export const saltOf = (stackFile: string): string | undefined => text(field(parse(stackFile), SALT));

const fullKey = (project: string, key: string): string => (key.includes(":") ? key : `${project}:${key}`);
const isSecure = (value: unknown): boolean => text(field(value, "secure")) !== undefined;

function holdsSecure(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecure(value) || Object.values(value).some(holdsSecure);
}
