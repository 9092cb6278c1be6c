import { isMap, parse, parseDocument } from "yaml";
import { UserError } from "./errors";
import { field, text } from "./json";

const SALT = "encryptionsalt";

/**
 * The stack file that Pulumi gets to see: the tracked file, with the salt and the encrypted values that
 * `config set --secret` left in the last one. So the tracked file stays as it is, and stays the one to edit.
 * @param source the tracked file
 * @param kept what Pulumi's file held at the last run; undefined at the first
 * @param salt the salt of a stack just made
 * @throws UserError when the tracked file is encrypted by a passphrase that is not ours
 */
export function mergeStackFile(
  project: string,
  source: string,
  kept: string | undefined,
  salt: string | undefined,
  sourceName: string,
): string {
  // The schema's path leads there from the tracked file only.
  const document = parseDocument(source.replace(/^# yaml-language-server:.*\n/, ""));
  const tracked: unknown = document.toJS();
  const before: unknown = kept === undefined ? undefined : parse(kept);
  const ourSalt = salt ?? text(field(before, SALT));
  const trackedSalt = text(field(tracked, SALT));
  if (
    field(tracked, "secretsprovider") !== undefined ||
    ((trackedSalt !== undefined || holdsSecure(tracked)) && trackedSalt !== ourSalt)
  ) {
    throw new UserError(
      `${sourceName} holds values encrypted by a key other than this directory's .rampart/passphrase: deploy that stack with \`pulumi up\` and its own backend, or take them out and set them here with \`npx rampart pulumi config set --secret ${project}:<key>\`.`,
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
  const header = ` Made from ${sourceName} by \`npm start\` and \`npx rampart pulumi\`, which write it again at each run: edit that file instead.\n Only values set with --secret live here.`;
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
