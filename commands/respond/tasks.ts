/** What no command can do. */
import { sourcedPaths } from "../../config/sources/secrets";
import type { PulumiStack } from "../shared/pulumi-stack";
import { secretName } from "./rotate";
import type { SessionKeys } from "./sessions";

export interface TaskArgs {
  readonly pulumi: Pick<PulumiStack, "stack" | "sourceName" | "file" | "command">;
  /** URNs of generated secrets that were not made anew. */
  readonly keptSecrets: readonly string[];
  /** URNs of passwords of people that were made anew. */
  readonly people: readonly string[];
  readonly sessions: readonly SessionKeys[];
  readonly directory: string;
}

export function tasks({ pulumi, keptSecrets, people, sessions, directory }: TaskArgs): string[] {
  const { sourceName, file, stack, command } = pulumi;
  const sourced = sourcedPaths(file.values);
  const own = file.secretKeys.map((key) => key.replace(/^[^:]*:/, "")).sort();
  return [
    `Commit ${sourceName}: it has the new rotation key, and no elevation any more.`,
    ...(own.length === 0
      ? []
      : [
          `Have new values issued by third parties, and set each: ${own.join(", ")} ` +
            `(\`${command("config set --secret <key>")}\`).`,
        ]),
    ...(sourced.length === 0
      ? []
      : [`Put new values where other programs keep them, and run \`${command("up")}\`: ${sourced.join(", ")}.`]),
    ...(people.length === 0
      ? []
      : [
          "Tell the people of access.basicAuth their new passwords: " +
            `\`${command("stack output access --show-secrets")}\`.`,
        ]),
    ...(keptSecrets.length === 0
      ? []
      : [
          `Generated secrets of services were kept: ${keptSecrets.map(secretName).join(", ")}. Tokens that are ` +
            `signed ` +
            "with them stay valid. Where nothing is encrypted with them, run the command with --replace-generated.",
        ]),
    ...(sessions.length === 0
      ? [
          "No service names its sessions (services.<name>.cache.sessions): sessions in Redis stay valid. " +
            "--all-keys deletes every key of the services.",
        ]
      : []),
    "Sessions and tokens that the application keeps in its database, or that are valid by their signature only, " +
      "are for " +
      "the application to end (for example `token_revoked_at`).",
    "The password of the backups, the stack's authority and the passphrase of the state were not changed: see " +
      "docs/incident.md.",
    `Look through the evidence in ${directory}, and put a copy where the intruder cannot reach it. ` +
      "It has personal data: addresses, paths, what the application logs.",
    "Find out whose data was reached, tell them and the authorities in time (72 hours under the GDPR).",
    `Look whether the host was reached, too: if so, everything above counts only after a new host. Then \`npx ` +
      `rampart status ${stack}\`.`,
  ];
}
