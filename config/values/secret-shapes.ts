/** What a secret looks like, by its name and by its value: nothing here ever repeats a value. */

/** Names whose last word says "secret" whatever stands before it: DB_PASSWORD, PGPASSWORD, STRIPE_SECRET, GITHUB_TOKEN. */
const SECRET_NAME =
  /(PASSWORDS?|PASSWD|PASSPHRASE|SECRETS?|TOKENS?|API_?KEYS?|CREDENTIALS?|PRIVATE_?KEY|SECRET_KEY_BASE)$|(^|[_.-])(PASS|PWD|PAT|JWT|PEPPER)$/i;
/** A KEY is a secret with one of these before it; a PUBLIC_KEY, SITE_KEY, CACHE_KEY or PARTITION_KEY is not. */
const KEY_NAME =
  /(^|[_.-])(ACCESS|ACCOUNT|AES|APP|AUTH|COOKIE|ENCRYPTION|HMAC|JWT|MASTER|OPENAI|SECRET|SENDGRID|SERVICE|SESSION|SIGNATURE|SIGNING|STORAGE|STRIPE|SSH|TLS|WEBHOOK)_?KEYS?$/i;
/** Connection strings that carry a password as a rule. */
const DSN_NAME =
  /^(\w+_)?(DATABASE|DB|REDIS|POSTGRES(QL)?|PG|MYSQL|MARIADB|MONGO(DB)?|AMQP|RABBITMQ|CLOUDAMQP|BROKER|SMTP|ELASTICSEARCH)_?(URL|URI|DSN|CONNECTION_STRING)$/i;

/** Whether a variable of this name holds a secret. `<NAME>_FILE` holds a path and `…_EXPIRE_MINUTES` a figure, so neither does. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || KEY_NAME.test(name) || DSN_NAME.test(name);
}

/** A URL that carries a password: `scheme://user:password@host`; not `http://host:80/@user`. */
export function hasUrlCredentials(value: string): boolean {
  return /[a-z][a-z0-9+.-]*:\/\/[^\s/@:?#]*:(?!\d{1,5}(?:[/?#]|$))[^\s@]+@/i.test(value);
}

/** Forms that nothing but a credential has. */
const CREDENTIAL_SHAPES: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY( BLOCK)?-----/,
  // libpq and ODBC connection strings; --password=x and --jwt-secret x on a command line.
  /\b(?:password|passwd|pwd)\s*=\s*[^\s;&]+/i,
  /--?[a-z-]*(?:password|passwd|secret|token|api-?key)(?:=|\s+)[^\s-]\S*/i,
  /\bAuthorization:\s*(?:Basic|Bearer)\s+\S+/i,
  // A JSON Web Token; AWS, GitHub, GitLab, Slack, Stripe, Google, npm, SendGrid.
  /\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\./,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,})/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}/,
  /\bsk-[A-Za-z0-9_-]{20,}/,
  /\bAIza[A-Za-z0-9_-]{35}/,
  /\bnpm_[A-Za-z0-9]{36}/,
  /\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}/,
];

/** Whether a value of any name carries a credential. */
export function hasCredentials(value: string): boolean {
  return hasUrlCredentials(value) || CREDENTIAL_SHAPES.some((shape) => shape.test(value));
}

/** Names of secrets that sign or encrypt: shorter than this, they can be guessed offline (RFC 7518 section 3.2: 256 bits). */
const SIGNING_NAME =
  /(JWT|SESSION|SIGNING|COOKIE|HMAC|ENCRYPTION|SECRET_?KEY|APP_?KEY|MASTER_?KEY|(^|_)(APP|AUTH|NEXTAUTH|TOKEN|REFRESH|ACCESS)_?SECRET$|^SECRET$)/i;
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

/** Phrases of templates and documentation; seeds: PLACEHOLDER__SET_IN_SECRET_STORE, UNKNOWN__FILL_ME, ASSUMPTION__REVIEW. */
const PLACEHOLDER = new RegExp(
  [
    "^(?:secret|password|passw0rd|changeme|example|test|todo|fixme|tbd|none|null|undefined|default|admin|letmein|qwerty|sample)",
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
const COMMON_WORDS =
  /access|admin|api|application|app|auth|bit|change|characters?|chars|cookie|database|default|dev(?:elopment)?|enough|example|for|hash|here|jwt|keys?|is|length|least|local(?:host)?|long(?:er)?|minimum|must|my|only|passw(?:or)?d|pass|please|prod(?:uction)?|random|secure|secrets?|session|server|sign(?:ing)?|sixty|some|string|strong|super|test|than|that|the|this|thirty|tokens?|two|use|user|value|very|with|at|be|to|a(?![a-z0-9])/gi;

/** Whether a value is one that documentation or a template left behind, is made of common words, or has next to no variety. */
export function looksLikePlaceholder(value: string): boolean {
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
