/** Certificates: what a CA has to reach and to be told, and which hosts they are for. */
import { acmeOf, domainNames, isLetsEncrypt, ownCertificatesOf, type AcmeConfig } from "../certificates";
import { routeHosts } from "../derived";
import type { Fault } from "../faults";
import { UNREADABLE } from "../raw";
import type { StackConfig } from "../schema";
import type { SecretReference } from "../schema/secret";
import { covers } from "../../hardening/pki/names";
import { isLoopback } from "../values/addresses";
import { certificateNames, privateKeyFault } from "../values/own-certificate";
import { isExampleHost } from "../values/examples";
import { isPublicHost } from "../values/hosts";
import type { LookUp, ShowPath } from "./check";
import { hostPlaces } from "./hosts";
import { howToSet, secretFault, shownReference } from "./secrets";

export function certificateFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  const acme = acmeOf(config.certificates);
  if (acme === undefined) return ownFaults(config, show, lookUp);
  return [
    ...(acme.issuer === "custom" ? [] : mailFaults(config, acme, show)),
    ...(acme.challenge === "http-01" && config.edge.httpPort === false ? [noPlainHttp(show)] : []),
    ...reachFaults(config, acme, show),
    ...domainFaults(config, acme, show),
    ...dnsFaults(acme, show, lookUp),
    ...accountFaults(acme, show, lookUp),
    ...(acme.issuer === "custom" ? [] : publicHostFaults(config, acme, show)),
  ];
}

/** Certificates of one's own: each has its key, and together they are good for every host. */
function ownFaults(config: StackConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  const own = ownCertificatesOf(config.certificates);
  if (own.length === 0) return [];
  const at = ["certificates", "own"];
  const keys = own.flatMap(({ certificate, key: secret }, index): Fault[] => {
    const path = show([...at, index, "key"]);
    const found = lookUp(secret);
    if (found.kind !== "secret") return secretSet(path, { name: "PRIVATE_KEY", secret }, lookUp);
    const fault = found.value === UNREADABLE ? undefined : privateKeyFault(certificate, found.value);
    return fault === undefined ? [] : [{ path, ...fault, given: `${shownReference(secret)}, ${fault.given}` }];
  });
  const names = own.flatMap(({ certificate }) => certificateNames(certificate));
  const hosts = hostPlaces(config).flatMap(({ host, path }): Fault[] =>
    names.some((one) => covers(one, host))
      ? []
      : [
          {
            path: show(path),
            given: JSON.stringify(host),
            allowed: `a host that a certificate under certificates.own is good for: ${names.join(", ")}`,
            fix: "add a certificate for it, or correct the host",
          },
        ],
  );
  return [...keys, ...hosts];
}

function mailFaults(config: StackConfig, { issuer }: AcmeConfig, show: ShowPath): Fault[] {
  const fix = "add rampart:acmeEmail: <an address of your own>";
  if (config.acmeEmail === undefined)
    return [
      {
        path: show(["acmeEmail"]),
        given: "nothing",
        allowed: `an address to which the CA can write, where certificates is ${issuer}`,
        fix,
      },
    ];
  const mailHost = config.acmeEmail.split("@").at(-1)?.toLowerCase() ?? "";
  if (isPublicHost(mailHost) || isExampleHost(mailHost)) return [];
  return [
    {
      path: show(["acmeEmail"]),
      given: JSON.stringify(config.acmeEmail),
      allowed: "an address of a public domain, to which the CA can write",
      fix,
    },
  ];
}

const noPlainHttp = (show: ShowPath): Fault => ({
  path: show(["edge", "httpPort"]),
  given: "false",
  allowed: "a port, where certificates are proven by http-01",
  fix: "remove it, or use certificates: { acme: letsencrypt, challenge: tls-alpn-01 }",
});

/**
 * Let's Encrypt asks on port 80 (http-01) or 443 (tls-alpn-01) from the internet. A load balancer may lead it
 * elsewhere.
 */
function reachFaults(config: StackConfig, acme: AcmeConfig, show: ShowPath): Fault[] {
  const { edge } = config;
  // A stack dev listens on loopback only, whatever it asks for; a record of the DNS can be anybody's.
  if (config.environment === "dev" || !isLetsEncrypt(acme) || edge.trustedProxies.length > 0) return [];
  if (acme.challenge === "dns-01") return [];
  const balancer = "or name the load balancer that leads there under edge.trustedProxies";
  const port = (key: "httpPort" | "httpsPort", wanted: number, challenge: string): Fault[] =>
    edge[key] === wanted || edge[key] === false
      ? []
      : [
          {
            path: show(["edge", key]),
            given: String(edge[key]),
            allowed: `${wanted}, where Let's Encrypt asks by ${challenge}`,
            fix: `remove it, ${balancer}`,
          },
        ];
  return [
    ...(isLoopback(edge.listenAddress)
      ? [
          {
            path: show(["edge", "listenAddress"]),
            given: JSON.stringify(edge.listenAddress),
            allowed: "an address that Let's Encrypt reaches from the internet",
            fix: `use 0.0.0.0 or an address of the host's network, ${balancer}`,
          },
        ]
      : []),
    ...(acme.challenge === "tls-alpn-01" ? port("httpsPort", 443, "tls-alpn-01") : port("httpPort", 80, "http-01")),
  ];
}

/** A certificate that no host is served with is ordered and renewed for nobody, and may be a misspelt one. */
function domainFaults(config: StackConfig, { domains }: AcmeConfig, show: ShowPath): Fault[] {
  const hosts = routeHosts(config);
  return domains.flatMap((domain, index) =>
    domainNames(domain).some((name) => hosts.some((host) => covers(name, host)))
      ? []
      : [
          {
            path: show(["certificates", "domains", index]),
            given: domainNames(domain).join(", "),
            allowed: `names that cover a route's host: ${hosts.join(", ") || "there is none"}`,
            fix: "correct the names, or remove them",
          },
        ],
  );
}

/** Variables of the edge that are Rampart's or the program's own. */
const TAKEN = ["GODEBUG", "GOMEMLIMIT", "HOME", "PATH"];

/** The variables of a DNS provider: each has one source, and each secret is set. */
function dnsFaults({ dns }: AcmeConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  if (dns === undefined) return [];
  const at = ["certificates", "dns"];
  const names = [...Object.keys(dns.credentials), ...Object.keys(dns.settings)];
  const taken = names.filter((name) => TAKEN.includes(name));
  const doubled = Object.keys(dns.credentials).flatMap((name) =>
    [name, `${name}_FILE`].filter(
      (other) => Object.hasOwn(dns.settings, other) || (other !== name && Object.hasOwn(dns.credentials, other)),
    ),
  );
  return [
    ...taken.map((name) => ({
      path: show([...at, Object.hasOwn(dns.settings, name) ? "settings" : "credentials", name]),
      given: "a variable that the edge has already",
      allowed: "variables of the DNS provider",
      fix: "remove it",
    })),
    ...doubled.map((name) => ({
      path: show([...at, Object.hasOwn(dns.settings, name) ? "settings" : "credentials", name]),
      given: "a variable that a credential sets too",
      allowed: "one source for each variable",
      fix: "remove one of the two",
    })),
    ...Object.entries(dns.credentials).flatMap(([name, secret]) =>
      // A provider issues its tokens itself: their form is not for Rampart to judge.
      secretSet(show([...at, "credentials", name]), { name, secret }, lookUp),
    ),
  ];
}

function accountFaults({ eab }: AcmeConfig, show: ShowPath, lookUp: LookUp): Fault[] {
  if (eab === undefined) return [];
  const path = show(["certificates", "eab", "hmac"]);
  const { hmac: secret } = eab;
  const found = lookUp(secret);
  if (found.kind !== "secret") return secretSet(path, { name: "EAB_HMAC", secret }, lookUp);
  if (/^[A-Za-z0-9_-]{16,}={0,2}$/.test(found.value.trim())) return [];
  return [
    {
      path,
      given: `${shownReference(secret)}, a text of ${found.value.length} characters (hidden)`,
      allowed: "a key in base64 for URLs, as the CA gave it",
      fix: `${howToSet(secret)} with the CA's text as it is`,
    },
  ];
}

function secretSet(
  path: string,
  { name, secret }: { readonly name: string; readonly secret: SecretReference },
  lookUp: LookUp,
): Fault[] {
  const found = lookUp(secret);
  const fault = found.kind === "secret" ? undefined : secretFault(name, secret, found);
  return fault === undefined ? [] : [{ path, given: shownReference(secret), ...fault }];
}

function publicHostFaults(config: StackConfig, { issuer, domains }: AcmeConfig, show: ShowPath): Fault[] {
  const prod = config.environment === "prod";
  // An example host in production is told for what it is.
  const isGood = (host: string): boolean => isPublicHost(host) || (prod && isExampleHost(host));
  const fault = (path: readonly PropertyKey[], name: string): Fault => ({
    path: show(path),
    given: JSON.stringify(name),
    allowed: `a public host name, where certificates is ${issuer}`,
    fix:
      "give a name that resolves to this host from the internet, or use certificates: self-signed (not in " +
      "production)",
  });
  const hosts = hostPlaces(config).flatMap(({ host, path }) => (isGood(host) ? [] : [fault(path, host)]));
  const names = domains.flatMap((domain, index) =>
    domainNames(domain).flatMap((name, at) =>
      isGood(name.replace(/^\*\./, ""))
        ? []
        : [fault(["certificates", "domains", index, ...(at === 0 ? ["main"] : ["sans", at - 1])], name)],
    ),
  );
  return [...hosts, ...names];
}
