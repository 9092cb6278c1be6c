import { serviceOf } from "../container/canary";
import { imageFault } from "../container/image";
import { dockerApiNetwork } from "../container/networks";
import { egressNetwork } from "../egress/names";
import { LOG_COLLECTOR } from "../logging/parts";
import type { Rule, Verdict } from "./rule";
import { baseline, cisDocker, cisPostgres, nist, page } from "./sources";
import type { ContainerView, StackView } from "./view";

const verdict = (resource: string, fault: string | undefined, good: string): Verdict => ({
  status: fault === undefined ? "pass" : "fail",
  resource,
  message: fault ?? good,
});

/** The networks that each kind of container may be on; a service's follow from its configuration. */
const ALLOWED_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  edge: ["acme", "gateway", "monitoring"],
  gateway: ["gateway", "logs", "monitoring", "proxy", "public"],
  postgres: ["internal"],
  redis: ["internal"],
  job: ["egress", "internal"],
  scheduler: ["monitoring"],
  forwarder: ["database-access", "internal"],
  carrier: [],
  monitoring: ["egress", "internal", "monitoring"],
  logging: [dockerApiNetwork(LOG_COLLECTOR), "egress", "logs", "monitoring"],
};

/** Rampart's own containers with a way out, where the stack asks for what needs it. */
const OWN_EGRESS: Readonly<Record<string, string | undefined>> = {
  "egress-proxy": "to the names that its service lists, and to no other (services.egress)",
  backup: "backups go to a repository elsewhere (database.backups.repository)",
  monitoring: "alerts go to a receiver (monitoring)",
};

function networkFault(container: ContainerView, view: StackView): string | undefined {
  const names = container.networks.map(
    (engineName) => view.networks.find((network) => network.engineName === engineName)?.name ?? engineName,
  );
  const allowed = ALLOWED_NETWORKS[container.component];
  const stray = names.find((name) => {
    if (container.component === "socket-proxy") return name !== container.name;
    if (container.component === "egress-proxy") return name !== container.name && name !== "egress";
    if (allowed !== undefined) return !allowed.includes(name);
    const service = serviceOf(container.name);
    return !["proxy", "internal", "egress", dockerApiNetwork(service), egressNetwork(service)].includes(name);
  });
  return stray === undefined ? undefined : `is on ${stray}`;
}

/** A way in from the host: none, or the forwarder on loopback, which its own label explains. */
function databaseHostAccess({ stack, databaseAccess, containers }: StackView): readonly Verdict[] {
  if (databaseAccess === undefined) return [];
  const published = containers.filter(
    ({ component, ports }) => (component === "forwarder" || component === "postgres") && ports.length > 0,
  );
  if (published.length === 0) {
    return [
      {
        status: databaseAccess === "direct" ? "pass" : "fail",
        resource: stack,
        message:
          databaseAccess === "direct"
            ? "the provider reaches Postgres by its address on the internal network; no port is published"
            : "database.access is forwarder, and there is no forwarder",
      },
    ];
  }
  return published.map(({ component, resource, ports }) => {
    const where = ports.map(({ ip, external }) => `${ip}:${external}`).join(", ");
    // Named after the stack, not the container: no label of a container's can make this one accepted.
    if (component === "postgres" || ports.some(({ ip }) => ip !== "127.0.0.1"))
      return {
        status: "fail",
        resource: stack,
        message: `${resource} publishes Postgres on ${where}, which is not a forwarder on the engine's 127.0.0.1`,
      };
    return { status: "fail", resource, message: `leads from the host's ${where} to Postgres` };
  });
}

/** Days before its end from which a certificate of one's own has to be renewed by somebody. */
const RENEW_DAYS = 21;

/** A CA of the stack's own choice may be anywhere; Let's Encrypt connects from the internet. */
function certificateVerdicts(view: StackView): readonly Verdict[] {
  const { stack: resource, certificates, environment } = view;
  switch (certificates) {
    case "self-signed":
      return [
        environment === "prod"
          ? { status: "fail", resource, message: certificates }
          : { status: "accepted", resource, message: `${certificates}, as this is ${environment}` },
      ];
    case "letsencrypt":
    case "letsencrypt-staging": {
      const fault = issuanceFault(view);
      if (fault !== undefined) return [{ resource, ...fault }];
      if (certificates === "letsencrypt") return [{ status: "pass", resource, message: certificates }];
      return [
        environment === "prod"
          ? { status: "fail", resource, message: certificates }
          : { status: "accepted", resource, message: `${certificates}, as this is ${environment}` },
      ];
    }
    case "own":
      return (view.ownCertificates ?? []).map(({ names, end, daysLeft }) => ({
        status: daysLeft < RENEW_DAYS ? "open" : "skip",
        resource,
        message:
          `the stack's own, for ${names.join(", ")}, ends on ${end.slice(0, 10)}` +
          (daysLeft < RENEW_DAYS
            ? `, in ${Math.max(0, Math.floor(daysLeft))} days: renew it`
            : "; whether browsers trust its CA, only a browser can tell"),
      }));
    default:
      return [
        {
          status: "skip",
          resource,
          message: `${certificates}: whether browsers trust this CA, only a browser can tell`,
        },
      ];
  }
}

/** Why a public CA cannot issue what the stack asks for. */
function issuanceFault({ certificates, edge }: StackView): Omit<Verdict, "resource"> | undefined {
  if (edge === undefined) return undefined;
  const { listenAddress, behindProxy } = edge;
  if (!listenAddress.startsWith("127.")) return undefined;
  const message = `${certificates} cannot reach ${listenAddress}, the only address on which the edge listens`;
  return behindProxy
    ? { status: "open", message: `${message}: see that the proxy on this host passes on the CA's requests` }
    : { status: "fail", message };
}

/** Rules over the whole stack. */
export const STACK_RULES: readonly Rule[] = [
  {
    id: "rampart-image-pinned",
    severity: "high",
    title: "every image is pinned by digest",
    why: "a tag can be moved, a digest cannot",
    source: nist("4.2.2"),
    alsoIn: [
      cisDocker("4.2"),
      baseline("DragDropDeploy", "Pin base images"),
      baseline("kitiumai/docker", "Use specific versions"),
    ],
    judged: "each image: a tag other than latest, and a digest",
    remedy:
      "Write the image with its tag and digest: `image: ghcr.io/you/api:1.4.2@sha256:…`; `docker buildx imagetools " +
      "inspect` shows the digest.",
    check: ({ images }) =>
      images.map(({ resource, reference }) =>
        verdict(
          resource,
          imageFault(reference) === undefined ? undefined : `${reference}: ${imageFault(reference)}`,
          `${reference.split("@")[0] ?? reference} is pinned`,
        ),
      ),
  },
  {
    id: "rampart-registry-login",
    severity: "low",
    title: "logins of registries belong to the stack",
    why: "a login that only one person's machine has ends with that person",
    source: nist("4.2.3"),
    alsoIn: [baseline("kitiumai/docker", "Private registry authentication"), page("docs/registries.md")],
    judged: "each registry that the stack logs in to: the login of whoever deploys is accepted",
    remedy:
      "Give the stack a login of its own: `registries: { ghcr.io: { username: acme-deploy, password: { config: " +
      "ghcrToken } } }`.",
    keys: ["registries.login"],
    exceptable: false,
    listsHeld: true,
    check: ({ stack, registries = {} }) =>
      Object.entries(registries).map(([registry, user]) => ({
        status: user === undefined ? "accepted" : "pass",
        resource: stack,
        message:
          user === undefined
            ? `${registry}: images are pulled by the \`docker login\` of whoever deploys`
            : `${registry}: images are pulled as ${user}, with a password that the stack holds encrypted`,
      })),
  },
  {
    id: "rampart-networks",
    severity: "high",
    title: "every container is only on the networks of its kind",
    why: "a frontend that cannot reach Postgres cannot leak it",
    source: nist("4.3.3"),
    alsoIn: [
      baseline("DragDropDeploy", "Run behind Traefik with separate `internal` and `proxy` networks"),
      baseline("DragDropDeploy", "Postgres and Redis only on `internal`"),
      baseline("Helvetia Cloud", "Network Segmentation"),
    ],
    judged: "each container: its networks against those that its kind may be on",
    remedy:
      "Networks follow from routes, data, cache, egress and dockerApi: put the container back with `pulumi up " +
      "--refresh`.",
    check: (view) =>
      view.containers.map((container) =>
        verdict(container.resource, networkFault(container, view), "is only on the networks of its kind"),
      ),
  },
  {
    id: "rampart-internal-networks",
    severity: "high",
    title: "no network has a way out, except public, acme, egress and database-access",
    why: "an ordinary service cannot open a connection to the internet",
    source: nist("4.4.2"),
    alsoIn: [baseline("kitiumai/docker", "Custom Bridge Network"), page("docs/threat-model.md")],
    judged: "each network: only public, acme, egress and database-access have a way out",
    remedy:
      "No key opens a network: make it again with `pulumi up --refresh`. A service that needs a way out says " +
      "`egress: true`.",
    check: ({ networks }) =>
      networks.map(({ resource, name, internal }) => {
        const open = ["public", "acme", "egress", "database-access"].includes(name);
        return verdict(
          resource,
          internal || open ? undefined : "has a way out",
          internal ? "is internal" : "has a way out, as it must",
        );
      }),
  },
  {
    id: "rampart-egress",
    severity: "medium",
    title: "services cannot open connections to the internet",
    why: "a way out for a service is a way out for whoever breaks into it",
    source: nist("4.4.2"),
    alsoIn: [page("docs/threat-model.md")],
    judged:
      "each service: one with a way out is open, as only you know whether it needs it. Backups to another host, " +
      "alerts to a receiver, and the proxy of a service with a list of names are accepted",
    remedy:
      "Remove `egress: true` from the service, or list the names that it needs: `egress: [api.stripe.com]`. If " +
      "the service needs one other service, have the two meet on " +
      "`internal`.",
    keys: [
      "services.egress",
      "database.backups.repository",
      "monitoring.webhook",
      "monitoring.ntfy",
      "monitoring.email",
    ],
    check: (view) =>
      view.containers
        .filter(({ runs, component }) => runs && (component === "service" || Object.hasOwn(OWN_EGRESS, component)))
        .flatMap(({ resource, component, networks }): Verdict[] => {
          const out = networks.some((engineName) =>
            view.networks.some((network) => network.engineName === engineName && network.name === "egress"),
          );
          const why = OWN_EGRESS[component];
          if (why !== undefined)
            return out
              ? [{ status: "accepted", resource, message: `may open connections to the internet: ${why}` }]
              : [];
          return [
            {
              status: out ? "open" : "pass",
              resource,
              message: out
                ? "may open connections to the internet (egress: true): see that it needs to"
                : "cannot open connections to the internet",
            },
          ];
        }),
  },
  {
    id: "rampart-data-protected",
    severity: "high",
    title: "data volumes outlive `pulumi destroy`",
    why: "a destroy or a rename must not take the data along",
    source: page("docs/operations.md"),
    judged: "each volume that holds data: deleted by `pulumi destroy` fails, and is accepted in dev",
    remedy: "Protect the data: `database: { protect: true }` and `redis: { protect: true }`, then `pulumi up`.",
    keys: ["database.protect", "redis.protect", "logging.sink.builtin.protect", "environment"],
    check: ({ volumes, environment }) =>
      volumes
        .filter((volume) => volume.data)
        .map(({ resource, protected: held }) =>
          environment === "dev" && !held
            ? { status: "accepted", resource, message: "is deleted by `pulumi destroy`, as this is dev" }
            : verdict(resource, held ? undefined : "is deleted by `pulumi destroy`", "is protected and retained"),
        ),
  },
  {
    id: "rampart-certificates",
    severity: "high",
    title: "certificates come from a CA that browsers trust",
    why: "users who click warnings away cannot tell an attack",
    source: baseline("DragDropDeploy", "ACME automation for TLS: staging now, production later"),
    alsoIn: [baseline("DragDropDeploy", "Fallback self-signed for offline dev"), page("docs/edge.md")],
    judged:
      "the issuer: self-signed and Let's Encrypt's staging fail in production and are accepted elsewhere; a " +
      "certificate of your own with less than 21 days left is open; whether browsers trust another CA, only a " +
      "browser can tell",
    remedy:
      "Use a CA that browsers trust: `certificates: letsencrypt`. Renew a certificate of your own under " +
      "`certificates.own` before it ends.",
    keys: [
      "certificates",
      "certificates.acme",
      "certificates.directory",
      "certificates.ca",
      "certificates.own",
      "certificates.own.certificate",
      "edge.listenAddress",
      "environment",
    ],
    check: certificateVerdicts,
  },
  {
    id: "rampart-database-host-access",
    severity: "high",
    title: "no port of the host leads to Postgres",
    why: "each further way in has to be guarded",
    source: nist("4.4.3"),
    alsoIn: [
      cisPostgres("5.4"),
      baseline("DragDropDeploy", "Host access via ephemeral migration sidecar"),
      baseline("AMO portal", "Database not internet-accessible"),
      page("docs/host-access.md"),
    ],
    judged: "the stack: a forwarder on 127.0.0.1 is accepted, any other published port of Postgres fails",
    remedy:
      "Run `pulumi up` on the engine's own machine, with `database: { access: direct }`. People use `npx rampart " +
      "psql`.",
    keys: ["database.access", "database.forwarderPort"],
    // An exception for the stack would cover a port that somebody publishes next week.
    exceptable: false,
    check: databaseHostAccess,
  },
];
