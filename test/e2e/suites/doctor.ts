/** `rampart doctor`: knows this machine and its engine, and sees what is broken in namespaces of its own. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOST_CONTROLS } from "../../../hardening/host";
import { LABEL, mustDocker } from "../lib/engine";
import { run, tail } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { rampart } from "../lib/rampart";
import { expect, expectNone, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";

interface Check {
  readonly id: string;
  readonly status: "pass" | "fail" | "accepted" | "skip";
  readonly severity: string;
  readonly target: string;
  readonly evidence: string;
  readonly remedy?: string;
}

const told = ({ id, status, target, evidence }: Check): string => `${status} ${id} ${target}: ${evidence}`;

function checksIn(stdout: string, output: string): readonly Check[] {
  expect(stdout.startsWith("{"), tail(output, 20));
  return (JSON.parse(stdout) as { readonly checks: readonly Check[] }).checks;
}

interface EngineInfo {
  readonly CgroupVersion?: string;
  readonly LiveRestoreEnabled: boolean;
  readonly ExperimentalBuild: boolean;
}

/** What is broken, by commands that act on namespaces of their own, and what has to say so. */
const BREAKAGES: readonly { readonly commands: readonly string[]; readonly id: string; readonly target: string }[] = [
  { commands: ["mount -t tmpfs -o mode=777 tmpfs /etc/docker"], id: "host-docker-directory", target: "/etc/docker" },
  {
    commands: [
      'cp /etc/passwd "$work/passwd"',
      'echo toor:x:0:0::/:/bin/sh >>"$work/passwd"',
      'mount --bind "$work/passwd" /etc/passwd',
    ],
    id: "host-root-users",
    target: "toor",
  },
  {
    commands: ["echo 1 >/proc/sys/net/ipv4/conf/all/accept_redirects"],
    id: "host-redirects",
    target: "net.ipv4.conf.all.accept_redirects",
  },
  {
    // On all addresses of a network that has none but its own loopback.
    commands: [
      'node "$work/listen.cjs" >"$work/listens" &',
      "listener=$!",
      "trap 'kill \"$listener\"' EXIT",
      'until [ -s "$work/listens" ]; do kill -0 "$listener" || exit 1; done',
    ],
    id: "host-listeners",
    target: "tcp 6379",
  },
];

const LISTEN = 'require("node:net").createServer().listen(6379, "0.0.0.0", () => console.log("listens"));\n';

export const doctor: Suite<Context> = {
  name: "doctor",
  stack: "main",
  repeatable: true,
  checks: [
    {
      name: "rampart doctor judges every control, agrees with the engine, and says what mends each failure",
      run: async ({ main }) => {
        const { code, stdout, output, seconds } = await rampart(main, "doctor", "--json");
        const checks = checksIn(stdout, output);
        const one = (id: string): string => checks.find((check) => check.id === id)?.status ?? "absent";
        const running = await mustDocker([
          "ps",
          "--filter",
          `label=${LABEL.stack}=${main.name}`,
          "--format",
          "{{.Names}}",
        ]);
        const own = running.split("\n").filter((name) => name !== "");
        const info = JSON.parse(await mustDocker(["info", "--format", "{{json .}}"])) as EngineInfo;
        const held = (holds: boolean): string => (holds ? "pass" : "fail");
        const expected: Readonly<Record<string, string>> = {
          "host-cgroup-version": held(info.CgroupVersion === "2"),
          "host-experimental": held(!info.ExperimentalBuild),
          "host-live-restore": held(info.LiveRestoreEnabled),
          "host-seccomp": "pass",
        };
        const severe = checks.filter(
          ({ status, severity }) => status === "fail" && (severity === "high" || severity === "critical"),
        );
        expectNone([
          ...HOST_CONTROLS.filter(({ id }) => one(id) === "absent").map(({ id }) => `not judged: ${id}`),
          ...Object.entries(expected)
            .filter(([id, status]) => one(id) !== status)
            .map(([id, status]) => `${id} is ${one(id)}, and not ${status}`),
          ...checks.filter(({ status, remedy }) => status === "fail" && remedy === undefined).map(told),
          // The stack's ports are on 127.0.0.1; what else this machine runs publishes as it likes.
          ...checks
            .filter(
              ({ id, status, target }) =>
                id === "host-published-ports" && status === "fail" && own.some((name) => target.includes(name)),
            )
            .map(told),
          ...(code === (severe.length > 0 ? 1 : 0) ? [] : [`exit code ${code}: ${severe.map(told).join("; ")}`]),
        ]);
        return `${checks.length} checks of ${HOST_CONTROLS.length} controls in ${seconds.toFixed(1)} s`;
      },
    },
    {
      name: "rampart doctor sees a directory that everybody writes, a second root, redirects and an open database",
      run: async ({ main, work }) => {
        const script = join(work, "doctor-breakages.sh");
        writeFileSync(join(work, "listen.cjs"), LISTEN);
        writeFileSync(
          script,
          [
            "set -eu",
            `work='${work}'`,
            "ip link set lo up",
            ...BREAKAGES.flatMap(({ commands }) => commands),
            `node bin/rampart.cjs doctor '${main.name}' --config-file '${main.file}' --json || [ $? = 1 ]`,
            "",
          ].join("\n"),
        );
        const { stdout, output } = await run(
          "unshare",
          ["--net", "--mount", "--propagation", "private", "sh", script],
          { cwd: REPOSITORY, env: main.env, timeoutSeconds: 120 },
        );
        const checks = checksIn(stdout, output);
        expectNone(
          BREAKAGES.filter(
            ({ id, target }) => !checks.some((one) => one.id === id && one.target === target && one.status === "fail"),
          ).map(
            ({ id }) =>
              `${id}: ${
                checks
                  .filter((one) => one.id === id)
                  .map(told)
                  .join("; ") || "not judged"
              }`,
          ),
        );
        return `${BREAKAGES.length} breakages`;
      },
    },
  ],
};
