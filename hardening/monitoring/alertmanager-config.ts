/** Alertmanager's configuration: who is told of an alert. The text holds secrets; it is mounted as a secret file. */
import { stringify } from "yaml";
import { defined } from "../defined";

/** Where the container finds it. */
export const ALERTMANAGER_FILE = "alertmanager.yml";

export interface AlertReceivers {
  /** A URL that takes Alertmanager's JSON. It is a secret, as most such URLs are. */
  readonly webhook?: string;
  readonly ntfy?: {
    /** The topic's URL, e.g. `https://ntfy.sh/<topic>`. */
    readonly url: string;
    readonly token?: string;
  };
  readonly email?: {
    readonly to: readonly string[];
    readonly from: string;
    /** `host:port` of a server that takes mail over TLS (STARTTLS on 587, TLS on 465). */
    readonly server: string;
    readonly username?: string;
    readonly password?: string;
  };
}

/** Alerts of nobody: they are only shown. */
const SHOWN = "shown";
const TEAM = "team";

/** ntfy writes a message of Alertmanager's JSON by itself. */
const ntfyUrl = (url: string): string => `${url}${url.includes("?") ? "&" : "?"}template=alertmanager`;

function receiver({ webhook, ntfy, email }: AlertReceivers): object {
  const webhooks = [
    ...(webhook === undefined ? [] : [{ send_resolved: true, url: webhook }]),
    ...(ntfy === undefined
      ? []
      : [
          {
            send_resolved: true,
            url: ntfyUrl(ntfy.url),
            ...(ntfy.token === undefined
              ? {}
              : { http_config: { authorization: { credentials: ntfy.token, type: "Bearer" } } }),
          },
        ]),
  ];
  const emails =
    email === undefined
      ? []
      : [
          {
            from: email.from,
            // On 465 the connection is TLS from its first byte, and no server offers STARTTLS within it.
            require_tls: !email.server.endsWith(":465"),
            send_resolved: true,
            smarthost: email.server,
            to: email.to.join(", "),
            ...defined({ auth_username: email.username, auth_password: email.password }),
          },
        ];
  return {
    name: TEAM,
    ...(webhooks.length === 0 ? {} : { webhook_configs: webhooks }),
    ...(emails.length === 0 ? {} : { email_configs: emails }),
  };
}

/** Without a receiver, alerts are only shown. The Watchdog, which always fires, is sent to nobody. */
export function renderAlertmanagerConfig(receivers: AlertReceivers): string {
  const sends = Object.values(receivers).some((one) => one !== undefined);
  return stringify(
    {
      // One cause, one message: what is wrong with a container that is down is that it is down.
      inhibit_rules: [
        {
          equal: ["container"],
          source_matchers: ['alertname="ContainerStopped"'],
          target_matchers: ['alertname=~"ContainerUnhealthy|ContainerMemory"'],
        },
      ],
      receivers: [{ name: SHOWN }, ...(sends ? [receiver(receivers)] : [])],
      route: {
        group_by: ["alertname"],
        group_interval: "5m",
        group_wait: "15s",
        receiver: sends ? TEAM : SHOWN,
        repeat_interval: "12h",
        routes: [{ matchers: ['alertname="Watchdog"'], receiver: SHOWN }],
      },
    },
    { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false },
  );
}
