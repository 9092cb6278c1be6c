/** Host names, and which of them a public CA certifies. */
import { domainToASCII, domainToUnicode } from "node:url";

/** Top-level names for private use or for none, under which no public CA issues a certificate. */
const PRIVATE_HOST = new RegExp(
  [
    String.raw`(?:^|\.)(?:alt|arpa|cluster|consul|corp|docker|domain|example|home|internal|intranet|invalid|k8s`,
    "lan|local|localdomain|localhost|localnet|onion|priv|private|router|server|svc|test|workgroup)$",
  ].join("|"),
);

/** Suffixes under which everybody registers names: the suffix itself is nobody's. */
const PUBLIC_SUFFIX = new RegExp(
  [
    String.raw`^(?:(?:ac|co|com|edu|gov|net|or|org)\.(?:ar|at|au|br|cn|co|hk|id|il|in|jp|ke|kr|mx|my|ng|nz|ph`,
    String.raw`pk|sg|th|tr|tw|ua|uk|vn|za)|github\.io|herokuapp\.com|pages\.dev|vercel\.app|web\.app)$`,
  ].join("|"),
);

/** Let's Encrypt's own limit (boulder, policy/pa.go). */
const MOST_LABELS = 10;

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Whether a text is a host name in lower case, with or without dots. */
export const isHostName = (host: string): boolean =>
  host.length <= 253 && host.split(".").every((label) => LABEL.test(label));

/**
 * Whether each label of a host that is for a name in another script (xn--…) stands for one, and for nothing else.
 * Node.js up to 22 has no text for a malformed label; from 24 on the text is the label itself.
 */
export const hasReadableLabels = (host: string): boolean =>
  host.split(".").every((label) => {
    if (!label.startsWith("xn--")) return true;
    const shown = domainToUnicode(label);
    return /\P{ASCII}/u.test(shown) && domainToASCII(shown) === label;
  });

/** Whether a public CA can certify the name, as far as the name tells. Source: boulder, policy/pa.go. */
export function isPublicHost(host: string): boolean {
  const labels = host.split(".");
  const last = labels.at(-1) ?? "";
  return (
    isHostName(host) &&
    labels.length >= 2 &&
    labels.length <= MOST_LABELS &&
    /^(?:[a-z]{2,63}|xn--[a-z0-9-]+)$/.test(last) &&
    !PRIVATE_HOST.test(host) &&
    !PUBLIC_SUFFIX.test(host) &&
    // Hyphens in the third and fourth place are for names in other scripts.
    labels.every((label) => !/^..--/.test(label) || label.startsWith("xn--")) &&
    hasReadableLabels(host)
  );
}
