/**
 * The scripts of the Redis container: start.sh starts it with its users, users.sh changes the users of the running
 * server, end-sessions.sh deletes keys of sessions. All are POSIX sh with the tools that BusyBox and Debian share.
 */
import { fileText, withParts } from "../files";
import { REDIS_ACL_FILE, REDIS_LIVE_FILES, REDIS_PATHS } from "./conf";
import { REDIS_PORT } from "./url";

export interface RedisScriptArgs {
  /** Whether Redis takes only TLS. @default false */
  readonly tls?: boolean;
  /** @default 6379 */
  readonly port?: number;
  /** @default REDIS_PATHS.config */
  readonly configFile?: string;
  /** @default REDIS_PATHS.live */
  readonly liveDirectory?: string;
  /** @default REDIS_PATHS.data */
  readonly dataDirectory?: string;
  /** A directory in memory, for the administration's password. @default REDIS_PATHS.scratch */
  readonly scratchDirectory?: string;
}

/** What Rampart's user may do: users, their connections, and with TLS the reading of a renewed certificate. */
export function redisAdminRules(tls: boolean): string {
  const commands = [
    "ping",
    "acl|whoami",
    "acl|list",
    "acl|setuser",
    "acl|deluser",
    "acl|save",
    "client|list",
    "client|kill",
    ...(tls ? ["config|set"] : []),
  ];
  return commands.map((command) => `+${command}`).join(" ");
}

function plainPath(property: string, value: string): string {
  if (!/^\/[A-Za-z0-9/._-]+$/.test(value))
    throw new Error(`${property}: "${value}" is not an absolute path of letters, digits and / . _ -`);
  return value;
}

const PASSWORD_FILE = "rampart-admin";

/** The paths that both files name, and those that stand there for these arguments. */
const paths = ({
  liveDirectory = REDIS_PATHS.live,
  scratchDirectory = REDIS_PATHS.scratch,
}: RedisScriptArgs): Record<string, string> => ({
  [REDIS_PATHS.live]: plainPath("liveDirectory", liveDirectory),
  [`${REDIS_PATHS.scratch}/${PASSWORD_FILE}`]: `${plainPath("scratchDirectory", scratchDirectory)}/${PASSWORD_FILE}`,
});

const adminRules = (tls: boolean): string => `rules='${redisAdminRules(tls)}'`;

/** How the container starts: start.sh is what a stack without TLS gets. */
export function redisStartScript(args: RedisScriptArgs = {}): string {
  const data = plainPath("dataDirectory", args.dataDirectory ?? REDIS_PATHS.data);
  return withParts(fileText(__dirname, "start.sh"), {
    ...paths(args),
    [REDIS_PATHS.config]: args.configFile ?? REDIS_PATHS.config,
    [`${REDIS_PATHS.data}/${REDIS_ACL_FILE}`]: `${data}/${REDIS_ACL_FILE}`,
    [adminRules(false)]: adminRules(args.tls === true),
  });
}

/** Where `stage` ends. */
const STAGE_END = "    ;;\n  settle)\n";

/** How the users of the running server change: users.sh is what a stack without TLS gets. */
export function redisUsersScript(args: RedisScriptArgs = {}): string {
  const live = args.liveDirectory ?? REDIS_PATHS.live;
  const file = (name: keyof typeof REDIS_LIVE_FILES): string => `${live}/${REDIS_LIVE_FILES[name]}`;
  const tls = args.tls === true;
  const renewal =
    `    echo 'CONFIG SET tls-cert-file ${file("certificate")} tls-key-file ${file("key")} tls-ca-cert-file ` +
    `${file("ca")}' | execute\n`;
  return withParts(fileText(__dirname, "users.sh"), {
    ...paths(args),
    // Verified by nobody here: this is the server's own loopback, and its certificate may be about to change its CA.
    "redis-cli -p 6379": `redis-cli -p ${args.port ?? REDIS_PORT}${tls ? " --tls --insecure" : ""}`,
    [STAGE_END]: tls ? `${renewal}${STAGE_END}` : STAGE_END,
  });
}

/** How sessions are ended: its arguments are the beginnings of their keys. Run in the container, when somebody asks. */
export function redisEndSessionsScript(args: RedisScriptArgs = {}): string {
  const scratch = plainPath("scratchDirectory", args.scratchDirectory ?? REDIS_PATHS.scratch);
  return withParts(fileText(__dirname, "end-sessions.sh"), {
    [`${REDIS_PATHS.scratch}/${PASSWORD_FILE}`]: `${scratch}/${PASSWORD_FILE}`,
    "redis-cli -p 6379": `redis-cli -p ${args.port ?? REDIS_PORT}${args.tls === true ? " --tls --insecure" : ""}`,
  });
}
