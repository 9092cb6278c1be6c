import { z } from "zod";
import type { SchemaContext } from "../environment";
import { caCheck } from "../values/ca";
import { hostCheck } from "../values/edge";
import { checkedString, matching, reason, resources } from "./fields";
import { secretReference } from "./secret";
import { addressOf, isReceiver } from "../values/sink";
import { access } from "./route";

const secret = secretReference();

/** Whose certificates are believed. */
const ca = checkedString(caCheck(() => new Date(), "the roots of the receiver's own certificate"));

const server = checkedString((value) => {
  const [, host = "", port = ""] = /^([^:\s]+):(\d{1,5})$/.exec(value) ?? [];
  return isReceiver(host) && Number(port) >= 1 && Number(port) <= 65_535
    ? undefined
    : { allowed: "a host and a port, such as logs.your-company.com:6514", fix: "write host:port" };
});

const inClear = {
  params: {
    given: "a way in clear, without a reason",
    allowed: "TLS, or a reason: logs tell of people and of what is inside",
    fix: "remove what asks for clear text, or add reason: it becomes part of the posture",
  },
};

const isAddress = (host: string): boolean => /^[0-9.]+$/.test(host);
const byName = {
  params: {
    given: "an address, of which no certificate tells",
    allowed: "a host name, where there is TLS",
    fix: "write the name that the receiver's certificate is for",
  },
};

/** Over a connection that stays open. */
const tcpSink = z
  .strictObject({
    /** `host:port`. */
    server,
    tls: z.boolean().default(true),
    /** Roots in PEM. @default the public CAs */
    ca: ca.optional(),
    /** Why lines are sent in clear: required where they are. */
    reason: reason.optional(),
  })
  .refine(({ tls, reason: why }) => tls || why !== undefined, inClear)
  .refine(({ tls, server: at }) => !tls || !isAddress(at.split(":")[0] ?? ""), byName);

const headerName = matching(
  /^[A-Za-z][A-Za-z0-9-]{0,99}$/,
  "a header's name of letters, digits and hyphens",
  "rename it",
);

/** By HTTP. */
const httpSink = (path: string) =>
  z
    .strictObject({
      url: checkedString((value) =>
        addressOf(value) === undefined
          ? {
              allowed: `a URL with https, a host name and a path, such as https://logs.your-company.com${path}`,
              fix: "write the URL of the receiver in full; what is secret of it belongs into headers",
            }
          : undefined,
      ),
      /** Headers whose values are secret: the keys that hold them. */
      headers: z.record(headerName, secret).default({}),
      /** Roots in PEM. @default the public CAs */
      ca: ca.optional(),
      /** Why lines are sent in clear: required with http. */
      reason: reason.optional(),
    })
    .refine(({ url, reason: why }) => addressOf(url)?.tls !== false || why !== undefined, inClear)
    .refine(({ url }) => addressOf(url)?.tls !== true || !isAddress(addressOf(url)?.host ?? ""), byName);

const builtin = (context: SchemaContext) =>
  z.strictObject({
    /** MiB of logs on the disk; the oldest day goes first. */
    maxDiskMiB: z.int().min(256).max(1_048_576).default(2048),
    resources: resources({ memoryMiB: 128, cpus: 0.5, pids: 96 }, { memoryMiB: 64, pids: 32 }),
    /** Whether the logs outlive `pulumi destroy`. */
    protect: z.boolean().default(context.environment !== "dev"),
    /** VictoriaLogs' pages, as a management surface. @default nobody reaches them */
    surface: z
      .strictObject({
        /** A host of its own. */
        host: checkedString((value) => hostCheck(value, context.environment)),
        access,
      })
      .optional(),
  });

const KINDS = ["builtin", "fluentd", "loki", "otlp", "syslog"] as const;

const oneSink = (context: SchemaContext) =>
  z
    .strictObject({
      builtin: builtin(context).optional(),
      fluentd: tcpSink.optional(),
      loki: httpSink("/loki/api/v1/push").optional(),
      otlp: httpSink("/v1/logs").optional(),
      syslog: tcpSink.optional(),
    })
    .refine((value) => KINDS.filter((kind) => value[kind] !== undefined).length === 1, {
      params: {
        allowed: `one of ${KINDS.join(", ")}`,
        fix: "keep one; a receiver can pass lines on to a second one",
      },
    });

export const logging = (context: SchemaContext) =>
  z
    .strictObject({
      maxSizeMiB: z.int().min(1).max(1024).default(10),
      maxFiles: z.int().min(1).max(20).default(3),
      /** Days for which the stack's own sink keeps logs. @default 30 */
      retentionDays: z.int().min(1).max(3650).optional(),
      /** Where lines are sent besides. */
      sink: z
        .union(
          [z.enum(["none", "builtin"]), oneSink(context)],
          "none, builtin, or { builtin | fluentd | loki | otlp | syslog: {…} }",
        )
        .default("none"),
    })
    .prefault({});

/** What `sink: builtin` stands for. */
export const defaultBuiltin = (context: SchemaContext) => builtin(context).parse({});

export type BuiltinSink = z.output<ReturnType<typeof builtin>>;
export type TcpSink = z.output<typeof tcpSink>;
export type HttpSink = z.output<ReturnType<typeof httpSink>>;
