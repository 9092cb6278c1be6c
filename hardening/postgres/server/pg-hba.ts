/** `pg_hba.conf`: who may connect as whom, from where, to what. Everything else is refused in as many words. */
import { isIPv4, isIPv6 } from "node:net";
import { identifier } from "./identifiers";

export interface PgHbaRole {
  /** The role; whoever is a member of it may enter, too. */
  readonly name: string;
  /** A database that the role may enter, and the superuser too. */
  readonly database: string;
}

export interface PgHbaArgs {
  readonly superuser: string;
  /**
   * Where the superuser may come from: the internal network's gateway (the host) and the forwarder. Addresses or CIDR.
   */
  readonly superuserSources: readonly string[];
  readonly roles: readonly PgHbaRole[];
  /** Where the roles may come from, as CIDR: the internal network. */
  readonly subnets: readonly string[];
  /** Whether only TLS connections are taken. @default false */
  readonly tls?: boolean;
}

/** An address with its mask; a bare address is that one host. */
function cidr(property: string, value: string): string {
  const [address = "", mask, ...rest] = value.split("/");
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  const length = mask === undefined ? bits : /^\d{1,3}$/.test(mask) ? Number(mask) : -1;
  // /0 would be the whole internet, which no subnet of a stack is.
  if (bits === 0 || rest.length > 0 || length < 1 || length > bits) {
    throw new Error(
      `${property}: "${value}" is not an address or a subnet; use for example 172.30.0.1 or 172.30.0.0/24`,
    );
  }
  return `${address}/${length}`;
}

/** The provider enters them to take PUBLIC's rights there. */
const MAINTENANCE_DATABASES = ["postgres", "template1"];

interface Line {
  readonly type: "local" | "host" | "hostssl";
  readonly database: string;
  readonly user: string;
  readonly address?: string;
  readonly method: "scram-sha-256" | "reject";
}

function render(line: Line): string {
  const columns = [
    line.type.padEnd(8),
    line.database.padEnd(16),
    line.user.padEnd(16),
    (line.address ?? "").padEnd(24),
    line.method,
  ];
  return columns.join(" ");
}

export function renderPgHba(args: PgHbaArgs): string {
  const type = args.tls === true ? "hostssl" : "host";
  const superuser = identifier("superuser", args.superuser);
  if (args.subnets.length === 0) {
    throw new Error("subnets: none given; give the internal network's, for example 172.30.0.0/24");
  }
  if (args.roles.some((role) => role.name === superuser)) {
    throw new Error(`roles: "${superuser}" is the superuser and may come only from superuserSources; remove it`);
  }
  const sources = args.superuserSources.map((source, index) => cidr(`superuserSources[${index}]`, source));
  const subnets = args.subnets.map((subnet, index) => cidr(`subnets[${index}]`, subnet));
  // By name, so that a database that somebody makes beside the stack's is nobody's to enter over the network.
  const databases = [
    ...new Set([
      ...args.roles.map((role, index) => identifier(`roles[${index}].database`, role.database)),
      ...MAINTENANCE_DATABASES,
    ]),
  ].join(",");
  const lines: Line[] = [
    // docker exec is inside the container already, and the password is asked of it too.
    { type: "local", database: "all", user: superuser, method: "scram-sha-256" },
    { type, database: databases, user: superuser, address: "127.0.0.1/32", method: "scram-sha-256" },
    ...sources.map((address): Line => ({
      type,
      database: databases,
      user: superuser,
      address,
      method: "scram-sha-256",
    })),
    // The gateway and the forwarder are inside the subnet: for the superuser, the rest of the subnet ends here.
    { type: "host", database: "all", user: superuser, address: "all", method: "reject" },
    ...args.roles.flatMap((role, index) =>
      subnets.map((address): Line => ({
        type,
        database: identifier(`roles[${index}].database`, role.database),
        // The logins of services are members that come and go with a rotation; a superuser is nobody's member by
        // itself.
        user: `+${identifier(`roles[${index}].name`, role.name)}`,
        address,
        method: "scram-sha-256",
      })),
    ),
    // "all" does not include replication connections: they need a line of their own.
    ...["replication", "all"].flatMap((database): Line[] => [
      { type: "local", database, user: "all", method: "reject" },
      { type: "host", database, user: "all", address: "all", method: "reject" },
    ]),
  ];
  return ["# Written by Rampart. The first line that matches decides.", ...lines.map(render), ""].join("\n");
}
