import { imageFault } from "../container/image";
import { dockerApiNetwork } from "../container/networks";
import { LOG_COLLECTOR } from "../logging/parts";
import type { Rule, Verdict } from "./rule";
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
  job: ["internal"],
  forwarder: ["database-access", "internal"],
  carrier: [],
  monitoring: ["egress", "internal", "monitoring"],
  logging: [dockerApiNetwork(LOG_COLLECTOR), "egress", "logs", "monitoring"],
};

function networkFault(container: ContainerView, view: StackView): string | undefined {
  const names = container.networks.map(
    (engineName) => view.networks.find((network) => network.engineName === engineName)?.name ?? engineName,
  );
  const allowed = ALLOWED_NETWORKS[container.component];
  const stray = names.find((name) => {
    if (container.component === "socket-proxy") return name !== container.name;
    if (allowed !== undefined) return !allowed.includes(name);
    return !(["proxy", "internal", "egress"].includes(name) || name === dockerApiNetwork(container.name));
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
    source: "DragDropDeploy, Supply Chain; kitiumai, Use specific versions",
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
    source: "docs/registries.md",
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
    source: "DragDropDeploy, Defense in Depth; Helvetia Cloud, Network Segmentation",
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
    source: "docs/threat-model.md",
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
    source: "docs/threat-model.md",
    check: (view) =>
      view.containers
        .filter((container) => container.component === "service")
        .map((container) => {
          const out = container.networks.some((engineName) =>
            view.networks.some((network) => network.engineName === engineName && network.name === "egress"),
          );
          return {
            status: out ? "open" : "pass",
            resource: container.resource,
            message: out
              ? "may open connections to the internet (egress: true): see that it needs to"
              : "cannot open connections to the internet",
          };
        }),
  },
  {
    id: "rampart-data-protected",
    severity: "high",
    title: "data volumes outlive `pulumi destroy`",
    why: "a destroy or a rename must not take the data along",
    source: "docs/operations.md",
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
    source: "DragDropDeploy, ACME automation",
    check: certificateVerdicts,
  },
  {
    id: "rampart-database-host-access",
    severity: "high",
    title: "no port of the host leads to Postgres",
    why: "each further way in has to be guarded",
    source: "DragDropDeploy, host access via ephemeral sidecar",
    check: databaseHostAccess,
  },
];
