/** What of evidence may be kept and shown around: everything but secrets. */
import { isTree, tree } from "../../hardening/tree";

const HIDDEN = "[redacted]";

/** `user:password@` of URLs, private keys, bearer tokens, and `password=…` as connection strings have it. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,200}:)[^\s@/]{1,500}@/gi, `$1${HIDDEN}@`],
  [/-----BEGIN ([A-Z ]{0,30}PRIVATE KEY)-----[\s\S]{1,10000}?-----END \1-----/g, HIDDEN],
  [/(\bauthorization["']?\s{0,3}[:=]\s{0,3}["']?(?:bearer|basic)\s{1,3})[^\s"']{1,4000}/gi, `$1${HIDDEN}`],
  [/(\b(?:password|passwd|secret|token|api_?key)["']?\s{0,3}[:=]\s{0,3}["']?)[^\s"',;&}]{1,500}/gi, `$1${HIDDEN}`],
];

export const redactText = (text: string): string =>
  SECRETS.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), text);

/** `docker inspect` without the values of variables: which of them are secrets, only the application knows. */
export function redactInspected(inspected: unknown): unknown {
  if (Array.isArray(inspected)) return inspected.map(redactInspected);
  if (!isTree(inspected)) return inspected;
  const config = tree(inspected["Config"]);
  const { Env } = config;
  if (!Array.isArray(Env)) return inspected;
  const names = Env.map((entry: unknown) => `${String(entry).split("=")[0] ?? ""}=${HIDDEN}`);
  return { ...inspected, Config: { ...config, Env: names } };
}
