/** Published and exposed ports, in Compose's short and long forms. */
import { isTree, type Tree } from "../../hardening/tree";
import { list, text } from "./tree";

export interface ComposePort {
  /** In the container. */
  readonly target: number;
  /** On the host; undefined where Docker chooses one. */
  readonly published: number | undefined;
  readonly protocol: "tcp" | "udp";
}

export function readPorts(service: Tree): { readonly ports: ComposePort[]; readonly exposed: number[] } {
  const exposed = list(service["expose"]).flatMap((one) => firstPort(text(one)?.split("/")[0]) ?? []);
  return { ports: list(service["ports"]).flatMap((one) => readPort(one) ?? []), exposed };
}

function readPort(value: unknown): ComposePort | undefined {
  if (isTree(value)) {
    const target = firstPort(text(value["target"]));
    const protocol = text(value["protocol"]) === "udp" ? "udp" : "tcp";
    return target === undefined ? undefined : { target, published: firstPort(text(value["published"])), protocol };
  }
  const [address = "", protocol] = (text(value) ?? "").split("/");
  // `[::1]:8080:80`, `127.0.0.1:8080:80`, `8080:80`, `80`: the container's port is always the last.
  const parts = address.replace(/^\[[^\]]*\]:/, "").split(":");
  const target = firstPort(parts.at(-1));
  if (target === undefined) return undefined;
  return {
    target,
    published: parts.length > 1 ? firstPort(parts.at(-2)) : undefined,
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

/** The first of a range. */
function firstPort(value: string | undefined): number | undefined {
  const port = Number(/^(\d{1,5})(?:-\d{1,5})?$/.exec(value?.trim() ?? "")?.[1] ?? 0);
  return port >= 1 && port <= 65_535 ? port : undefined;
}

/** Docker's, databases', queues' and mail's own: nothing that a browser speaks to. */
const NOT_HTTP = new Map<number, string>([
  [21, "FTP"],
  [22, "SSH"],
  [25, "SMTP"],
  [53, "DNS"],
  [110, "POP3"],
  [143, "IMAP"],
  [389, "LDAP"],
  [465, "SMTP"],
  [587, "SMTP"],
  [636, "LDAP"],
  [993, "IMAP"],
  [995, "POP3"],
  [1025, "SMTP"],
  [1433, "SQL Server"],
  [1521, "Oracle"],
  [1883, "MQTT"],
  [2222, "SSH"],
  [2181, "ZooKeeper"],
  [2375, "Docker"],
  [2376, "Docker"],
  [3306, "MySQL"],
  [4222, "NATS"],
  [5432, "PostgreSQL"],
  [5433, "PostgreSQL"],
  [5671, "AMQP"],
  [5672, "AMQP"],
  [6379, "Redis"],
  [6380, "Redis"],
  [6432, "PgBouncer"],
  [7687, "Bolt"],
  [8883, "MQTT"],
  [9042, "Cassandra"],
  [9092, "Kafka"],
  [9229, "Node's debugger"],
  [9300, "Elasticsearch's nodes"],
  [11_211, "Memcached"],
  [25_565, "a game"],
  [26_379, "Redis"],
  [27_017, "MongoDB"],
  [29_092, "Kafka"],
]);

/** What a port speaks, where that is not HTTP. */
export const foreignProtocol = (port: number): string | undefined => NOT_HTTP.get(port);

/** A database's or a queue's own port. */
export const isDataPort = (port: number): boolean =>
  /SQL|Redis|Mongo|AMQP|Kafka|Memcached|Oracle|Cassandra|Elastic|Bolt|NATS|ZooKeeper/.test(NOT_HTTP.get(port) ?? "") ||
  port === 9200;
