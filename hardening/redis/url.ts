import { alphanumericPassword, hostName, portNumber } from "../values";

/** The server's DNS name on `internal`. */
export const REDIS_ALIAS = "redis";
export const REDIS_PORT = 6379;

export interface RedisUrlArgs {
  readonly host: string;
  /** @default 6379 */
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  /** Whether to speak TLS (`rediss:`). @default false */
  readonly tls?: boolean;
}

/** `redis://user:password@host:port/0` */
export function redisUrl(args: RedisUrlArgs): string {
  if (!/^[a-z0-9][a-z0-9_-]{0,62}$/.test(args.user)) {
    throw new Error(`user: "${args.user}" is not a name; use lower-case letters, digits, "-" and "_"`);
  }
  const authority = `${args.user}:${alphanumericPassword("password", args.password)}@${hostName("host", args.host)}`;
  return `${args.tls === true ? "rediss" : "redis"}://${authority}:${portNumber("port", args.port ?? REDIS_PORT)}/0`;
}
