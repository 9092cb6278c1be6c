/** What one client of a socket proxy may hold at a time. A client is a container of the consumer's, by its address. */

/**
 * Requests of one client in flight at a time: streams (stats, logs, events, attach) and whatever waits for an answer. A
 * reader of all logs holds one for each container of the host.
 */
export const IN_FLIGHT_PER_CLIENT = 192;

/** Connections of one client: its requests in flight, and 32 that idle between requests or were only begun. */
export const CONNECTIONS_PER_CLIENT = 224;

/**
 * Connections of all clients. The old and the new version of a consumer with their whole share leave 64 for another
 * client. Each takes up to two buffers of 64 KiB: 64 MiB of the container's 128.
 */
export const LARGEST_TOTAL = 512;

/** Connections that no client can take: the health check, the counters, and the script's own questions. */
export const OWN_CONNECTIONS = 64;

const CONNECTIONS = "connections";
const IN_FLIGHT = "in-flight";

/** Two tables: a connection without a request, and a request, are counted apart. */
export const CLIENTS_TABLE: readonly string[] = [CONNECTIONS, IN_FLIGHT].flatMap((name, index) => [
  ...(index === 0 ? [] : [""]),
  `backend ${name}`,
  // Clients that are connected are never forgotten.
  "    stick-table type ipv6 size 1024 expire 10m store conn_cur",
]);

/** Of a frontend: what is beyond a client's connections is closed before a byte is read. */
export const connectionRules = (): readonly string[] => [
  `    maxconn ${LARGEST_TOTAL}`,
  `    tcp-request connection track-sc0 src table ${CONNECTIONS}`,
  `    tcp-request connection reject if { sc0_conn_cur gt ${CONNECTIONS_PER_CLIENT} }`,
];

/** Of a frontend: refused before anything else of the request is judged, as a refusal has to be cheap here. */
export const inFlightRules = (consumer: string): readonly string[] => {
  const message =
    `{"message":"rampart: docker API request refused for ${consumer}: %[method] %[path,json(utf8s)] (rule ` +
    `${IN_FLIGHT}; end streams that are no longer read)"}`;
  return [
    `    http-request track-sc1 src table ${IN_FLIGHT}`,
    `    http-request set-var(txn.rule) str(${IN_FLIGHT}) if { sc1_conn_cur gt ${IN_FLIGHT_PER_CLIENT} }`,
    `    http-request deny deny_status 429 content-type application/json lf-string '${message}' if { var(txn.rule) ` +
      "-m found }",
  ];
};
