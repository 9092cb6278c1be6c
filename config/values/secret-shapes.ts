/** What a secret looks like, by its name and by its value: nothing here ever repeats a value. */

/**
 * Names whose last word says "secret" whatever stands before it: DB_PASSWORD, PGPASSWORD, STRIPE_SECRET, GITHUB_TOKEN.
 */
const SECRET_NAME = new RegExp(
  [
    "(PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?|API_?KEYS?|CREDENTIALS?|PRIVATE_?KEY",
    "SECRET_KEY_BASE)$|(^|[_.-])(PASS|PWD|PAT|JWT|PEPPER|REDISCLI_AUTH)$",
  ].join("|"),
  "i",
);
/** A KEY is a secret with one of these before it; a PUBLIC_KEY, SITE_KEY, CACHE_KEY or PARTITION_KEY is not. */
const KEY_NAME = new RegExp(
  [
    "(^|[_.-])(ACCESS|ACCOUNT|AES|APP|AUTH|COOKIE|ENCRYPTION|HMAC|JWT|MASTER|OPENAI|SECRET|SENDGRID",
    "SERVICE|SESSION|SIGNATURE|SIGNING|STORAGE|STRIPE|SSH|TLS|WEBHOOK)_?KEYS?$",
  ].join("|"),
  "i",
);
/** Connection strings that carry a password as a rule. */
const DSN_NAME = new RegExp(
  [
    String.raw`^(\w+_)?(DATABASE|DB|REDIS|POSTGRES(QL)?|PG|MYSQL|MARIADB|MONGO(DB)?|AMQP|RABBITMQ|CLOUDAMQP`,
    "BROKER|SMTP|ELASTICSEARCH)_?(URL|URI|DSN|CONNECTION_STRING)$",
  ].join("|"),
  "i",
);

/**
 * Whether a variable of this name holds a secret. `<NAME>_FILE` holds a path and `…_EXPIRE_MINUTES` a figure,
 * so neither does.
 */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || KEY_NAME.test(name) || DSN_NAME.test(name);
}

/** Before an `@`: `scheme://user:password`; not `http://host:80/`. */
const URL_WITH_PASSWORD = /[a-z0-9+.-]:\/\/[^/:?#]*:(?!\d{1,5}[/?#])[^]/i;

/**
 * A URL that carries a password: `scheme://user:password@host`; not `http://host:80/@user`.
 * Looked for in what stands before each `@`, so that a long text takes no longer than its length.
 */
export const hasUrlCredentials = (value: string): boolean =>
  value.split(/\s+/).some((word) =>
    word
      .split("@")
      .slice(0, -1)
      .some((part) => URL_WITH_PASSWORD.test(part)),
  );

/** The end of a key of a structure that is one text. */
const SECRET_KEY = "(?:password|passwd|secret|token|api_?key|private_?key)";
/** A value with a figure in it: not a word, and not one that is read from elsewhere or names a secret there. */
const NO_WORD = String.raw`(?![$<{/]|arn:|op:|projects/|ref\+|vault:)(?=[^\s"']{0,200}\d)[^\s"']{6}`;

/**
 * Forms that nothing but a credential has. Each is bounded, but for its end: on a text of any length each of its places
 * is looked at a bounded number of times.
 */
export const CREDENTIAL_SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/,
  // libpq and ODBC connection strings.
  /\b(?:password|passwd|pwd) {0,8}= {0,8}(?!["']?(?:\$|\/run\/secrets\/|\*{3}|…|\.{3}))[^\s;&]/i,
  /\bAuthorization: {0,8}(?:Basic|Bearer) {1,8}(?!["']?\$)[^\s]/i,
  // A JSON Web Token; AWS, GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid.
  /\beyJ[A-Za-z0-9_-]{8,400}\.eyJ[A-Za-z0-9_-]{8}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\b(?:gh[pousr]_[A-Za-z0-9]{30}|github_pat_[A-Za-z0-9_]{30}|glpat-[A-Za-z0-9_-]{20})/,
  /\bxox[abprs]-[A-Za-z0-9-]{10}/,
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16}/,
  // OpenAI and Anthropic: not the path of a Slovak page, which has neither capitals nor digits.
  /\bsk-(?=[A-Za-z_-]{0,40}\d)(?=[a-z0-9_-]{0,40}[A-Z])[A-Za-z0-9_-]{20}/,
  /\bAIza[A-Za-z0-9_-]{35}/,
  /\bnpm_[A-Za-z0-9]{36}/,
  /\bSG\.[A-Za-z0-9_-]{16,200}\.[A-Za-z0-9_-]{16}/,
  /\bBearer {1,4}(?=[A-Za-z0-9._~+/-]{0,80}\d)[A-Za-z0-9._~+/-]{12}/,
  /\bX-[A-Za-z-]{0,40}(?:Key|Password|Secret|Token): {0,8}["']?(?![$<{])(?=[^\s"']{0,80}\d)[^\s"']{6}/i,
  // A structure as text, in JSON and in YAML.
  new RegExp(`["'][A-Za-z_-]{0,60}${SECRET_KEY}["'] {0,8}: {0,8}["']${NO_WORD}`, "i"),
  new RegExp(`(?:^|\\n)[ -]{0,40}[A-Za-z_-]{0,60}${SECRET_KEY}: {1,8}["']?${NO_WORD}`, "i"),
  // A link that is its own key, and the hooks of chats.
  /[?&](?:access_?token|api_?key|password|secret|sig|signature|token)=(?![$<{:%])(?=[^&\s]{0,200}\d)[^&\s]{6}/i,
  /\bhooks\.slack\.com\/(?:services|workflows|triggers)\/[A-Z0-9]{6}/,
  /\bdiscord(?:app)?\.com\/api\/webhooks\/\d{8,24}\/[A-Za-z0-9_-]{8}/,
];

/** A user and a password as HTTP sends them: the text of another word in base64 has no colon, or no readable text. */
const isBasic = (value: string): boolean =>
  [...value.matchAll(/\bBasic {1,4}([A-Za-z0-9+/]{6,400}={0,2})/gi)].some(([, encoded = ""]) =>
    /^[\x20-\x7e]{1,200}:[\x20-\x7e]{1,200}$/.test(Buffer.from(encoded, "base64").toString("latin1")),
  );

/** An option that names a secret: `--password`, `-jwt-secret`; not `--password-file`. */
const SECRET_OPTION = new RegExp(
  [
    String.raw`^["'(]{0,4}--?[a-z0-9_.-]{0,80}(?:password|passwd|passphrase|secret|token|api[-_]?key|(?:access`,
    "private|secret|auth|encryption|signing|master)[-_]?key|requirepass|credentials?|secret[-_]key[-_]base)$",
    "^[\"'(]{0,4}--(?:[a-z0-9_.-]{0,80}[-_.])?pwd$",
    // Not --two-pass.
    "^[\"'(]{0,4}--(?:(?:admin|auth|basic|db|ftp|http|login|mail|mysql|pg|postgres|proxy|redis|root|smtp|user)" +
      "[-_.])?pass$",
  ].join("|"),
  "i",
);

/** Options of one letter, by the program that takes a password by them. */
const PASSWORD_OPTIONS: Readonly<Record<string, RegExp>> = {
  mariadb: /^-p./,
  mysql: /^-p./,
  mysqladmin: /^-p./,
  mysqldump: /^-p./,
};
const PASSWORD_FOLLOWS: Readonly<Record<string, string>> = { mongosh: "-p", "redis-cli": "-a", sshpass: "-p" };

/** `NAME=` at the beginning of a word. */
const ASSIGNMENT = /^["'({]{0,4}(?:export\s)?(-{0,2}[A-Za-z_][\w.-]{0,127})=/;

/**
 * Read from somewhere when the program starts, or no secret:
 * `$X`, `$(cat …)`, `/run/secrets/x`, `tls.key`, `<x`, a switch.
 */
const NO_LITERAL = new RegExp(
  [
    "^[\"'\\\\]{0,2}(?:$|[$<`;&|)…]|\\.{3}|\\*{3}|/|(?:true|false|yes|no|on|off|none|null|required)\\b|--?[a-z]",
    "[\\w.-]{1,80}\\.(?:crt|env|json|key|p12|pem|txt|ya?ml)[\"']{0,2}$)",
  ].join("|"),
  "i",
);

/** Characters of a script in which a program's own options are looked for. */
const LONGEST_SCRIPT = 32_768;

/**
 * Whether the words of a command line hold a secret: `--password X`, in one word or in two, or `PGPASSWORD=X`.
 * @returns the index of the word with the secret, or undefined
 */
export function secretArgument(words: readonly string[]): number | undefined {
  const found = words.findIndex((word, index) => {
    if (holdsSecretWord(word) || isLogin(words, index) || isPasswordOption(words, index)) return true;
    // A word may be a script of its own.
    const script = /\s/.test(word) ? word.slice(0, LONGEST_SCRIPT).split(/[\s'"]+/) : [];
    if (script.some((_, at) => isPasswordOption(script, at))) return true;
    return SECRET_OPTION.test(words[index - 1] ?? "") && !NO_LITERAL.test(word);
  });
  return found < 0 ? undefined : found;
}

/** `redis-cli -a X`, `mysql -pX`: the program is the last one before that has such an option. */
function isPasswordOption(words: readonly string[], index: number): boolean {
  const word = words[index] ?? "";
  const programs = words.slice(Math.max(0, index - MOST_WORDS), index).map((one) => one.split("/").at(-1) ?? "");
  const takes = (table: object): string | undefined => programs.findLast((one) => Object.hasOwn(table, one));
  const joined = PASSWORD_OPTIONS[takes(PASSWORD_OPTIONS) ?? ""];
  if (joined?.test(word) === true && !NO_LITERAL.test(word.slice(2))) return true;
  const option = PASSWORD_FOLLOWS[takes(PASSWORD_FOLLOWS) ?? ""];
  return option !== undefined && words[index - 1] === option && !NO_LITERAL.test(word);
}

/** Between a program and its password. */
const MOST_WORDS = 20;

/** `curl -u user:password` */
const isLogin = (words: readonly string[], index: number): boolean =>
  /^(?:-u|--user|--proxy-user)$/.test(words[index - 1] ?? "") &&
  /(?:^|\/)(?:curl|http|https)$/.test(words[0] ?? "") &&
  /^[^:$\s]+:(?!["']?\$)./.test(words[index] ?? "");

/** A word may be a script of its own. */
function holdsSecretWord(word: string): boolean {
  const parts = word.split(/\s+/);
  return parts.some((part, index) => {
    const name = ASSIGNMENT.exec(part)?.[1];
    const value = name === undefined ? "" : part.slice(part.indexOf("=") + 1);
    if (name !== undefined && isSecretOption(name) && !isCount(name, value) && !NO_LITERAL.test(value)) return true;
    return SECRET_OPTION.test(part) && index + 1 < parts.length && !NO_LITERAL.test(parts[index + 1] ?? "");
  });
}

/** `MAX_TOKENS=500`, `token=10/m` */
const isCount = (name: string, value: string): boolean =>
  /tokens?$/i.test(name) && /^["']?\d{1,9}(?:\/?[a-z]{1,3})?["']?$/i.test(value);

const isSecretOption = (name: string): boolean =>
  SECRET_OPTION.test(name) || isSecretName(name.replace(/^-+/, "").replaceAll("-", "_"));

/** Whether a value of any name carries a credential. */
export function hasCredentials(value: string): boolean {
  return (
    hasUrlCredentials(value) ||
    CREDENTIAL_SHAPES.some((shape) => shape.test(value)) ||
    isBasic(value) ||
    holdsSecretOption(value) ||
    holdsSecretWord(value)
  );
}

/**
 * Whether a text that people write for people carries a credential: "takes --requirepass only as an argument" names an
 * option and no secret.
 */
export const tellsCredentials = (text: string): boolean =>
  hasUrlCredentials(text) ||
  CREDENTIAL_SHAPES.some((shape) => shape.test(text)) ||
  isBasic(text) ||
  text.split(/\s+/).some((part, index, parts) => {
    const next = parts[index + 1] ?? "";
    return holdsSecretWord(part) || (SECRET_OPTION.test(part) && /\d/.test(next) && !NO_LITERAL.test(next));
  });

/** `--password=x` and `--jwt-secret x`, wherever it stands. */
const holdsSecretOption = (value: string): boolean =>
  value.split(/\s+/).some((part, index, parts) => {
    const [option = "", ...rest] = part.split("=");
    if (!SECRET_OPTION.test(option)) return false;
    const given = rest.length > 0 ? rest.join("=") : (parts[index + 1] ?? "");
    return !NO_LITERAL.test(given);
  });

/**
 * Names of secrets that sign or encrypt: shorter than this, they can be guessed offline (RFC 7518 section 3.2:
 * 256 bits).
 */
const SIGNING_NAME = new RegExp(
  [
    "(JWT|SESSION|SIGNING|COOKIE|HMAC|ENCRYPTION|SECRET_?KEY|APP_?KEY|MASTER_?KEY|(^|_)(APP|AUTH",
    "NEXTAUTH|TOKEN|REFRESH|ACCESS)_?SECRET$|^SECRET$)",
  ].join("|"),
  "i",
);
export const MIN_SIGNING_SECRET_LENGTH = 32;
export const MIN_SECRET_LENGTH = 8;

/** `jwtSecret` and `jwt-secret` are JWT_SECRET to the tables above. */
const asVariable = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replaceAll("-", "_")
    .toUpperCase();
export const isSigningName = (name: string): boolean => SIGNING_NAME.test(asVariable(name));
export const minimumLength = (name: string): number =>
  isSigningName(name) ? MIN_SIGNING_SECRET_LENGTH : MIN_SECRET_LENGTH;

/**
 * Phrases of templates and documentation; seeds: PLACEHOLDER__SET_IN_SECRET_STORE, UNKNOWN__FILL_ME,
 * ASSUMPTION__REVIEW.
 */
const PLACEHOLDER = new RegExp(
  [
    "^(?:secret|password|passw0rd|changeme|example|test|todo|fixme|tbd|none|null|undefined)",
    "^(?:default|admin|letmein|qwerty|sample)",
    "change[-_ ]?(?:me|this|it)",
    "place[-_ ]?holder",
    "(?:replace|fill|put|enter|insert|set)[-_ ]?(?:me|this|with|in|your)[-_ ]",
    "(?:replace|fill)[-_ ]?(?:me|this)",
    "your[-_ ]?(?:own|jwt|secret|key|password|super|token|api|256)",
    "set_in_secret_store|__review|256[-_ ]?bit|keyboard[-_ ]?cat|not[-_ ]?for[-_ ]?prod|insecure|unsafe|redacted|shhh",
    "super[-_ ]?secret|do[-_ ]?not[-_ ]?use|dummy[-_ ]|qwertyuiop",
    "<[^>]*>|\\$\\{|\\{\\{|x{6}|\\*{4}|0123456789|123456|abcdef",
  ].join("|"),
  "i",
);

/** Words that a person composes a "secret" of; what is left without them is what an attacker has to guess. */
const COMMON_WORDS = new RegExp(
  [
    "access|admin|api|application|app|auth|bit|change|characters?|chars|cookie|database|default",
    "dev(?:elopment)?|enough|example|for|hash|here|jwt|keys?|is|length|least|local(?:host)?",
    "long(?:er)?|minimum|must|my|only|passw(?:or)?d|pass|please|prod(?:uction)?|random|secure",
    "secrets?|session|server|sign(?:ing)?|sixty|some|string|strong|super|test|than|that|the|this",
    "thirty|tokens?|two|use|user|value|very|with|at|be|to|a(?![a-z0-9])",
  ].join("|"),
  "gi",
);

/** Where a long value is looked at: what is longer and begins like this was not written by hand. */
const LOOKED_AT = 512;

/**
 * Whether a value is one that documentation or a template left behind, is made of common words,
 * or has next to no variety.
 */
export function looksLikePlaceholder(whole: string): boolean {
  const value = whole.slice(0, LOOKED_AT);
  if (PLACEHOLDER.test(value) || isRepetition(value)) return true;
  const leastVariety = value.length >= 24 ? 8 : Math.min(5, value.length);
  if (new Set(value).size < leastVariety) return true;
  // Four of the same in a row, three times: nobody's random value (1 in 10^9 as hex).
  if ((value.match(/(.)\1{3}/g)?.length ?? 0) >= 3) return true;
  const words = value.match(COMMON_WORDS)?.length ?? 0;
  return words >= 3 && value.replace(COMMON_WORDS, "").replace(/[^A-Za-z0-9]/g, "").length < 12;
}

/** `abcabcabc`: two or more times the same text, cut off or not. */
function isRepetition(value: string): boolean {
  for (let unit = 1; unit <= value.length / 2; unit += 1) {
    if (
      value ===
      value
        .slice(0, unit)
        .repeat(Math.ceil(value.length / unit))
        .slice(0, value.length)
    )
      return true;
  }
  return false;
}

/** Whether a text has the look of something that was generated: nobody names a key like this. */
export function looksRandom(text: string): boolean {
  const letters = /[a-z]/.test(text) && /[A-Z]/.test(text);
  const turns = text.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return text.length >= 16 && /\d/.test(text) && (letters ? turns >= 4 : turns >= 6);
}
