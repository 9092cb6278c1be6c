import { createHash } from "node:crypto";
import { egressNetwork } from "../egress/names";
import type { NetworkName } from "./workload";

/** A network of the stack, as data. */
export interface NetworkPlan {
  readonly name: NetworkName;
  /** Without a way in or out: the engine adds no route and no masquerading. */
  readonly internal: boolean;
  /** Whether its containers may speak to each other. */
  readonly icc: boolean;
  /** Whether a network that is not internal is a way out: the engine then masquerades. @default true */
  readonly wayOut?: boolean;
  readonly subnet: string;
  readonly gateway: string;
  /** Where the engine takes addresses from by itself. @default the whole subnet */
  readonly dynamicRange?: string;
  /** The same of IPv6. @default the network has IPv4 only */
  readonly ipv6?: { readonly subnet: string; readonly gateway: string };
}

export interface NetworksInput {
  readonly stackName: string;
  /** `a.b.0.0/16`. @default derived from the stack's name */
  readonly pool?: string;
  /** The services that reach the Docker API: a network each. */
  readonly dockerApiConsumers: readonly string[];
  /** Whether certificates come from an ACME server: the edge has a way out to it. @default false */
  readonly acme?: boolean;
  readonly egress: boolean;
  /** The services with a list of names that they may connect to: a network each. @default none */
  readonly egressProxied?: readonly string[];
  readonly databaseAccess: boolean;
  /** Whether the stack is monitored. @default false */
  readonly monitoring?: boolean;
  /** Whether the stack keeps its logs itself. @default false */
  readonly logs?: boolean;
  /** Whether clients come by IPv6 as well. @default false */
  readonly ipv6?: boolean;
}

/** Third octet and prefix length. Where every service is, there is room for two containers of each, old and new. */
const FIXED_SUBNETS = {
  public: { slot: 0, bits: 24 },
  "database-access": { slot: 1, bits: 24 },
  gateway: { slot: 2, bits: 24 },
  acme: { slot: 3, bits: 24 },
  egress: { slot: 4, bits: 22 },
  proxy: { slot: 8, bits: 22 },
  internal: { slot: 12, bits: 22 },
} as const;
/** The upper half of `internal`: the engine must not hand out Postgres' own address. */
const INTERNAL_DYNAMIC = { slot: 14, bits: 23 } as const;
/** The last slot: a consumer of the Docker API that it would be moves on. */
const MONITORING = { slot: 255, bits: 24 } as const;
/** The last but one, in the same way. */
const LOGS = { slot: 254, bits: 24 } as const;
/** Slots below this belong to the fixed networks, those from here to 255 to the consumers of the Docker API. */
const FIRST_CONSUMER_SLOT = 16;
/**
 * Postgres' fixed address within `internal`: the database provider is configured with it before the container exists.
 */
const POSTGRES_HOST = 10;
/** The forwarder's, from which Postgres takes the superuser. */
const FORWARDER_HOST = 11;

/** The network of a consumer of the Docker API and its proxy. */
export const dockerApiNetwork = (consumer: string): NetworkName => `docker-api-${consumer}`;

/** The stack's networks: deny by default, in both directions. */
export function planNetworks(input: NetworksInput): NetworkPlan[] {
  const prefix = poolPrefix(input.pool ?? defaultPool(input.stackName));
  const network = (
    name: NetworkName,
    { slot, bits }: { slot: number; bits: number },
    internal: boolean,
    icc: boolean,
  ): NetworkPlan => ({
    name,
    internal,
    icc,
    subnet: `${prefix}.${slot}.0/${bits}`,
    gateway: `${prefix}.${slot}.1`,
  });
  const fixed = (name: keyof typeof FIXED_SUBNETS, internal: boolean, icc: boolean): NetworkPlan =>
    network(name, FIXED_SUBNETS[name], internal, icc);
  const taken = [...(input.monitoring === true ? [MONITORING.slot] : []), ...(input.logs === true ? [LOGS.slot] : [])];
  const consumers = consumerSlots(input.dockerApiConsumers, taken);
  const proxied = consumerSlots(input.egressProxied ?? [], [...taken, ...consumers.map(({ slot }) => slot)]);
  return [
    // Ports are published on it, and answers go out the way that the question came in; nothing else does.
    {
      ...fixed("public", false, false),
      wayOut: false,
      ...(input.ipv6 === true ? { ipv6: publicIpv6(input.stackName) } : {}),
    },
    // The edge and the gateway: nobody else can say whose connection it is.
    fixed("gateway", true, true),
    fixed("proxy", true, true),
    { ...fixed("internal", true, true), dynamicRange: `${prefix}.${INTERNAL_DYNAMIC.slot}.0/${INTERNAL_DYNAMIC.bits}` },
    ...(input.acme === true ? [fixed("acme", false, false)] : []),
    // Its members share nothing but the way out, so they are kept from each other.
    ...(input.egress ? [fixed("egress", false, false)] : []),
    ...(input.databaseAccess ? [fixed("database-access", false, false)] : []),
    // Who measures and who is measured, none of them a service.
    ...(input.monitoring === true ? [network("monitoring", MONITORING, true, true)] : []),
    // What keeps the logs, what hands them over, and the gateway where somebody may look at them.
    ...(input.logs === true ? [network("logs", LOGS, true, true)] : []),
    ...consumers.map(({ consumer, slot }) => network(dockerApiNetwork(consumer), { slot, bits: 24 }, true, true)),
    // The upper half, as the engine must not hand out the proxy's own address.
    ...proxied.map(({ consumer, slot }) => ({
      ...network(egressNetwork(consumer), { slot, bits: 24 }, true, true),
      dynamicRange: `${prefix}.${slot}.128/25`,
    })),
  ];
}

/** A network of a stack's own (RFC 4193, whose global identifier is forty bits), and the engine's address in it. */
export function publicIpv6(stackName: string): { readonly subnet: string; readonly gateway: string } {
  const id = createHash("sha256").update(`ipv6 ${stackName}`).digest("hex").slice(0, 10);
  // As an address is written, without leading zeros, so that the engine's answer is no difference.
  const groups = [`fd${id.slice(0, 2)}`, id.slice(2, 6), id.slice(6, 10)].map((group) => group.replace(/^0{1,3}/, ""));
  const prefix = groups.join(":");
  return { subnet: `${prefix}::/64`, gateway: `${prefix}::1` };
}

const internalAddress = (host: number, stackName: string, pool: string | undefined): string =>
  `${poolPrefix(pool ?? defaultPool(stackName))}.${FIXED_SUBNETS.internal.slot}.${host}`;

/** Postgres' address for a stack. */
export const postgresAddress = (stackName: string, pool?: string): string =>
  internalAddress(POSTGRES_HOST, stackName, pool);

/** The forwarder's address for a stack. */
export const forwarderAddress = (stackName: string, pool?: string): string =>
  internalAddress(FORWARDER_HOST, stackName, pool);

/** A /16 within 10.128.0.0/9 from the stack's name, so that two stacks on one engine rarely meet. */
export function defaultPool(stackName: string): string {
  return `10.${128 + (hash(stackName) % 112)}.0.0/16`;
}

/**
 * A /24 for each consumer by the hash of its name, so that adding one changes no other's network; two that meet
 * are resolved in the order of their names.
 */
function consumerSlots(consumers: readonly string[], others: readonly number[]): { consumer: string; slot: number }[] {
  const taken = new Set<number>(others.map((slot) => slot - FIRST_CONSUMER_SLOT));
  const slots = 256 - FIRST_CONSUMER_SLOT;
  return [...consumers].sort().map((consumer) => {
    let slot = hash(consumer) % slots;
    while (taken.has(slot)) slot = (slot + 1) % slots;
    taken.add(slot);
    return { consumer, slot: FIRST_CONSUMER_SLOT + slot };
  });
}

const hash = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);
const poolPrefix = (pool: string): string => pool.split(".").slice(0, 2).join(".");
