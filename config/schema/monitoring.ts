import { z } from "zod";
import { checkedString, resources } from "./fields";
import { secretReference } from "./secret";
import { isReceiver } from "../values/sink";

const secret = secretReference();

const address = checkedString((value) =>
  z.email().safeParse(value).success
    ? undefined
    : { allowed: "an e-mail address", fix: "write it as ops@your-company.com" },
);

const mailServer = checkedString((value) =>
  /:(?:25|465|587|2525)$/.test(value) && isReceiver(value.slice(0, value.lastIndexOf(":")).toLowerCase())
    ? undefined
    : {
        allowed: "a host and a port of mail (25, 465, 587, 2525), such as smtp.your-company.com:587",
        fix: "write host:port of a server that takes mail over TLS",
      },
);

const settings = z.strictObject({
  /** A URL that takes Alertmanager's JSON: the key that holds it. */
  webhook: secret.optional(),
  /** A topic of ntfy. */
  ntfy: z
    .strictObject({
      /** The topic's URL: the key that holds it. */
      url: secret,
      token: secret.optional(),
    })
    .optional(),
  email: z
    .strictObject({
      to: z.array(address).min(1),
      from: address,
      /** `host:port`. */
      server: mailServer,
      username: checkedString((value) =>
        /^[\x21-\x7e]{1,256}$/.test(value)
          ? undefined
          : { allowed: "a user name without blanks", fix: "write the user that may send" },
      ).optional(),
      password: secret.optional(),
    })
    .refine((value) => (value.username === undefined) === (value.password === undefined), {
      params: { allowed: "username and password, or neither", fix: "add the one that is missing" },
    })
    .optional(),
  /** Days for which metrics are kept. */
  retentionDays: z.int().min(1).max(400).default(15),
  /** Prometheus'. */
  resources: resources({ memoryMiB: 160, cpus: 0.5, pids: 96 }, { memoryMiB: 96, pids: 32 }),
});

export const monitoring = z
  .union([z.boolean(), settings], "true, false, or { webhook, ntfy, email, retentionDays, resources }")
  .default(false);

export type MonitoringConfig = z.output<typeof settings>;

/** What `monitoring: true` stands for: alerts are only shown. */
export const DEFAULT_MONITORING: MonitoringConfig = settings.parse({});
