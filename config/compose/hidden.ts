/**
 * Secrets of a compose file. From the moment a value is read, a mark stands in its place: what is made of the file
 * never holds the value, whichever way a text takes. Only this file knows what a mark stands for, and tells nobody.
 */
import { secretValueCheck } from "../values/program";
import { hasCredentials, hasUrlCredentials, isSecretName } from "../values/secret-shapes";

// Private-use characters: no compose file has them.
const OPEN = "\ue000";
const CLOSE = "\ue001";
const MARK = /\ue000([SU])([^\ue001]*)\ue001/g;

/** A variable that has no value: its name is all that is known. */
export const unsetMark = (name: string): string => `${OPEN}U${name}${CLOSE}`;

/** Whether a text holds a secret, or what a variable without a value would have been. */
export const isMarked = (text: string): boolean => text.includes(OPEN);

/** The names of variables without a value in a text. */
export const unsetNames = (text: string): string[] =>
  [...text.matchAll(MARK)].flatMap(([, kind, name = ""]) => (kind === "U" ? [name] : []));

/** The secrets in a text, by their numbers. */
export const secretIds = (text: string): number[] =>
  [...text.matchAll(MARK)].flatMap(([, kind, id]) => (kind === "S" ? [Number(id)] : []));

/** A text that a person may read: variables as `$NAME`, secrets as `***`. */
export const readable = (text: string): string =>
  text.replace(MARK, (_mark, kind: string, name: string) => (kind === "U" ? `$${name}` : "***"));

const MORE_SECRET_NAMES = new RegExp(
  [
    "(^|[_.-])(SALTS?|NONCE|SEED|API_?TOKEN|AUTH|APP_?KEYS?|DSN)$|^KEY$|(?<!PUBLIC|PUB|SITE|CACHE",
    "PARTITION|SORT|PRIMARY|MEASUREMENT)_KEY$|SECRET_?(?:ID|ACCESS)|PASSWORD|PASSWD",
  ].join("|"),
  "i",
);

/** Names beside the tables of values/secret-shapes.ts, where the value is no figure, switch, path or plain word. */
const isOddSecretName = (name: string, value: string): boolean =>
  MORE_SECRET_NAMES.test(name) &&
  !/_(?:FILE|PATH|HASH_ALGORITHM|LENGTH|POLICY|EXPIRES?|TTL|URL|ENABLED?)$/i.test(name) &&
  !/^(?:true|false|yes|no|on|off|none|\d{1,4}|[a-z]{1,12}|\/[\w./-]*)$/i.test(value);

/** What nobody types by hand: 24 or more characters of a key's alphabet, with figures, of much variety, and no UUID. */
function looksRandom(value: string): boolean {
  if (/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(value) || /^sha256:/.test(value)) return false;
  if (!/^(?:base64:)?[A-Za-z0-9+/_=-]{24,}$/.test(value) || !/\d/.test(value) || !/[A-Za-z]/.test(value)) return false;
  if (/^[a-z0-9]+(?:[-_/][a-z0-9]+)+$/.test(value) || value.startsWith("/")) return false;
  return new Set(value).size >= 10;
}

const isSwitch = (value: string): boolean => /^(?:true|false|yes|no|on|off|)$/i.test(value);

/** Where a value stands: a variable outside of the compose file, or the file itself. */
type Origin = "variable" | "literal";

interface Kept {
  readonly name: string;
  readonly value: string | undefined;
  readonly origin: Origin;
}

/** What is known of a secret without its value. */
export interface SecretFact {
  /** The variable that held the value first. */
  readonly name: string;
  /** Why Rampart would refuse the value, where it is known: "a placeholder of 8 characters (hidden)". */
  readonly weakness: string | undefined;
}

export class Hidden {
  private readonly kept: Kept[] = [];
  private readonly words = new Set<string>();

  /**
   * Text that is public anyway, such as the names of services and images: a password of that text is no secret in it.
   */
  addPublicWords(words: Iterable<string>): void {
    for (const word of words) this.words.add(word);
  }

  /** The mark of a value. A variable is one secret, and so are equal values of one kind in the file itself. */
  private mark(one: Kept): string {
    const found = this.kept.findIndex((other) => isSame(other, one));
    if (found < 0) this.kept.push(one);
    return `${OPEN}S${found < 0 ? this.kept.length - 1 : found}${CLOSE}`;
  }

  /** A variable's text with its secret hidden: all of it, or the password of a URL; plain text stays as it is. */
  hide(name: string, value: string, origin: Origin): string {
    const mark = (password: string): string => this.mark({ name, value: password, origin });
    if (value.includes(OPEN))
      return hidePasswords(value, (password) => (isMarked(password) ? password : mark(password)));
    if (hasUrlCredentials(value) && /^[a-z][a-z0-9+.:-]*:\/\//i.test(value)) return hidePasswords(value, mark);
    // A URL without a password, of a name such as REDIS_URL, hides nothing.
    if (/^[a-z][a-z0-9+.-]*:\/\/[^\s@]*$/i.test(value) && !hasCredentials(value)) return value;
    const named = (isSecretName(name) && !isSwitch(value)) || isOddSecretName(name, value);
    return named || hasCredentials(value) || looksRandom(value) ? mark(value) : value;
  }

  /** A secret whose value is not known. */
  hideUnknown(name: string): string {
    return this.mark({ name, value: undefined, origin: "variable" });
  }

  fact(id: number): SecretFact {
    const { name, value } = this.kept[id] ?? { name: "secret", value: undefined };
    return { name, weakness: value === undefined || value === "" ? undefined : secretValueCheck(name, value)?.given };
  }

  /** Whether a text holds the value of a secret that stood elsewhere in the file. */
  leaks(text: string): boolean {
    return this.kept.some(
      ({ value }) =>
        value !== undefined &&
        value.length >= 6 &&
        !this.words.has(value) &&
        // A plain word stands in many a text by chance.
        !/^[a-z]{1,11}$/.test(value) &&
        text.includes(value),
    );
  }
}

/** `scheme://user:password@host` with the password replaced. A password may hold marks. */
const hidePasswords = (url: string, replace: (password: string) => string): string =>
  url.replace(
    /([a-z][a-z0-9+.-]*:\/\/[^\s/@:?#]*:)([^\s@/]+)(@)/gi,
    (_whole, before: string, password: string, at: string) => `${before}${replace(password)}${at}`,
  );

const isSame = (a: Kept, b: Kept): boolean =>
  a.origin === b.origin &&
  a.value === b.value &&
  (a.name === b.name || (a.origin === "literal" && isPassword(a) === isPassword(b)));

/** A password and a key that happen to have one placeholder are two secrets. */
const isPassword = ({ name }: Kept): boolean => /PASS|PWD|URL|URI|DSN/i.test(name);
