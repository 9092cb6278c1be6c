/** How the stores of certificates are told of one more authority, and how it goes again. */
import { X509Certificate } from "node:crypto";
import { UserError } from "../shared/errors";
import { field, text } from "../shared/json";

/** The authority of a self-signed stack. */
export interface StackAuthority {
  /** In PEM. */
  readonly certificate: string;
  /** Its common name, by which stores list it. */
  readonly name: string;
  readonly sha1: string;
  readonly sha256: string;
  readonly end: string;
}

/** @throws UserError when the outputs are not those of a self-signed stack */
export function authorityOf(stack: string, outputs: unknown): StackAuthority {
  const certificate = text(field(outputs, "certificateAuthority"));
  if (certificate === undefined)
    throw new UserError(
      `Stack ${stack} has no certificate of its own authority to trust: its certificates come from a CA ` +
        "(rampart:certificates), no service has a route, or it was not deployed to its end.",
    );
  const parsed = new X509Certificate(certificate);
  return {
    certificate,
    name: /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? `${stack} certificate authority`,
    sha1: parsed.fingerprint.replaceAll(":", ""),
    sha256: parsed.fingerprint256,
    end: new Date(parsed.validTo).toISOString().slice(0, 10),
  };
}

interface Store {
  readonly name: string;
  /** The platforms, as Node names them, on which it comes first. */
  readonly platform?: NodeJS.Platform;
  readonly trust: string;
  readonly remove: string;
}

function stores({ name, sha1 }: StackAuthority, stack: string, path: string): readonly Store[] {
  const file = `rampart-${stack.replace(/[^A-Za-z0-9_-]+/g, "-")}`;
  const debian = `/usr/local/share/ca-certificates/${file}.crt`;
  const fedora = `/etc/pki/ca-trust/source/anchors/${file}.pem`;
  return [
    {
      name: "macOS (Safari, Chrome)",
      platform: "darwin",
      trust: `security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db '${path}'`,
      remove: `security delete-certificate -t -Z ${sha1} ~/Library/Keychains/login.keychain-db`,
    },
    {
      name: "Debian, Ubuntu (curl and other programs)",
      platform: "linux",
      trust: `sudo cp '${path}' ${debian} && sudo update-ca-certificates`,
      remove: `sudo rm ${debian} && sudo update-ca-certificates --fresh`,
    },
    {
      name: "Fedora, RHEL (curl and other programs)",
      platform: "linux",
      trust: `sudo cp '${path}' ${fedora} && sudo update-ca-trust`,
      remove: `sudo rm ${fedora} && sudo update-ca-trust`,
    },
    {
      name: "Chrome on Linux (certutil is in libnss3-tools or nss-tools)",
      platform: "linux",
      trust: `certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n '${name}' -i '${path}'`,
      remove: `certutil -d sql:$HOME/.pki/nssdb -D -n '${name}'`,
    },
    {
      name: "Windows (Edge, Chrome)",
      platform: "win32",
      trust: `certutil -user -addstore Root "${path}"`,
      remove: `certutil -user -delstore Root ${sha1}`,
    },
    {
      name: "Firefox",
      trust: "Settings, Privacy & Security, View Certificates, Authorities, Import; tick websites",
      remove: `the same list, ${name}, Delete or Distrust`,
    },
  ];
}

/** What a person reads: this machine's stores first. */
export function trustText(
  authority: StackAuthority,
  { stack, path, platform }: { readonly stack: string; readonly path: string; readonly platform: NodeJS.Platform },
): string {
  const all = stores(authority, stack, path);
  const ordered = [
    ...all.filter((store) => store.platform === platform),
    ...all.filter((store) => store.platform !== platform),
  ];
  return [
    `The authority of stack ${stack} is in ${path}, until ${authority.end}.`,
    `  ${authority.name}`,
    `  SHA-256 ${authority.sha256}`,
    "",
    "Trust the authority once; new certificates of this stack are then trusted, too. Nothing was changed yet.",
    ...ordered.flatMap(({ name, trust, remove }) => ["", name, `  trust   ${trust}`, `  remove  ${remove}`]),
    "",
    `One command only: curl --cacert '${path}', or NODE_EXTRA_CA_CERTS='${path}' for Node.js.`,
    "",
    "Whoever has the stack's state and its passphrase can sign a certificate for any name that this machine then " +
      "believes:",
    "keep both, and remove the authority when you no longer need the stack. A stack that was destroyed comes back with",
    "another authority.",
  ].join("\n");
}
