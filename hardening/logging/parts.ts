/** Who is on the network `logs`, and what the containers of the logs are called. */

/** Reads what containers print, and hands it to the sink. */
export const LOG_COLLECTOR = "log-collector";
/** VictoriaLogs, where the sink is the stack's own. */
export const LOG_STORE = "log-store";

/** The containers that a sink adds, whose names no service may have. */
export const LOGGING_CONTAINERS: readonly string[] = [LOG_COLLECTOR, LOG_STORE];

/** The owner, in labels, of the volume of positions, which is made again from nothing. */
export const LOGGING_WORK_OWNER = "logging.work";

/** VictoriaLogs' own port. */
export const LOG_STORE_PORT = 9428;

const HOSTS = { [LOG_STORE]: 10, [LOG_COLLECTOR]: 11, gateway: 12 } as const;

/** A member's address within the network `logs`. @param subnet `a.b.c.0/24` */
export const logsAddress = (subnet: string, member: keyof typeof HOSTS): string =>
  subnet.replace(/\.0\/24$/, `.${HOSTS[member]}`);
