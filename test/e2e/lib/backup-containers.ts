import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { renderTmpfs } from "../../../hardening/container/render";
import {
  backupScripts,
  BACKUP_VOLUMES,
  credentialFile,
  drillWorkload,
  dumpWorkload,
  storeWorkload,
  type BackupSettings,
} from "../../../hardening/backup/workloads";
import type { Workload } from "../../../hardening/container/workload";
import { docker, mustDocker } from "./engine";
import { run, until, type RunResult } from "./process";

export const PASSWORD = "e2eBackupPassword1";
export const SUPERUSER_PASSWORD = "e2eSuperuserPassword1";
const SECRET_VOLUMES = ["dump-secrets", "store-secrets", "postgres-secrets", "scripts"] as const;
/** As a stack's containers are found by the commands. */
const labels = (stack: string, name: string): string[] => [
  "--label",
  `io.rampart.stack=${stack}`,
  "--label",
  `io.rampart.name=${name}`,
];

export type Part = "dump" | "store" | "drill";
const WORKLOADS = { dump: dumpWorkload, store: storeWorkload, drill: drillWorkload } as const;

export interface WorldOptions {
  /** Prefix of every container, volume and network; what was left by that name is removed first. */
  readonly prefix: string;
  readonly images: { readonly postgres: string; readonly restic: string };
  readonly databases: readonly string[];
  readonly settings?: Partial<BackupSettings>;
  /** Credentials of the repository by variable. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly password?: string;
}

/** The file of a stack around these databases, which a restore into the live ones wants; gives its path. */
export function writeStackFile(directory: string, databases: readonly string[]): string {
  const [name, ...more] = databases;
  const services = { api: { image: `me/api:1.0.0@sha256:${"ab".repeat(32)}`, port: 3000, data: "read-write" } };
  const database = { name, databases: Object.fromEntries(more.map((one) => [one, {}])) };
  const file = join(directory, "stack.yaml");
  writeFileSync(
    file,
    stringify({ config: { "rampart:environment": "dev", "rampart:services": services, "rampart:database": database } }),
  );
  return file;
}

/** A server for a repository elsewhere. */
export interface FarServer {
  readonly image: string;
  /** Its files, under `target`. */
  readonly files: Readonly<Record<string, string>>;
  readonly target: string;
  /** More options of `docker run`. @default none */
  readonly options?: readonly string[];
  /** The files that only their owner may read. @default none */
  readonly ownerOnly?: readonly string[];
}

/**
 * A Postgres server and the three containers of its backups, run as their workloads say, without the rest of a stack.
 */
export class BackupWorld {
  readonly settings: BackupSettings;
  readonly network: string;

  constructor(private readonly options: WorldOptions) {
    this.network = `${options.prefix}-internal`;
    this.settings = {
      stack: options.prefix,
      at: "02:30",
      databases: options.databases,
      repository: "volume",
      credentials: Object.keys(options.credentials ?? {}),
      keep: { daily: 7, weekly: 4, monthly: 6 },
      maxAgeHours: 26,
      drillEveryDays: false,
      readDailyPercent: 4,
      // More of the processor than a stack gives them: restic's key derivation and
      // initdb are what these checks wait for.
      resources: { memoryMiB: 512, cpus: Math.min(2, availableParallelism()), pids: 96 },
      logging: { maxSizeMiB: 10, maxFiles: 3 },
      images: options.images,
      ...options.settings,
    };
  }

  name(part: string): string {
    return `${this.options.prefix}-${part}`;
  }

  /** The server, its databases and roles, and the volumes with what they hold; none of the three runs yet. */
  async create(sql: string): Promise<void> {
    await this.remove();
    await mustDocker(["network", "create", "--internal", this.network]);
    for (const volume of [...BACKUP_VOLUMES, ...SECRET_VOLUMES])
      await mustDocker(["volume", "create", this.name(volume)]);
    const mounts = BACKUP_VOLUMES.flatMap((volume) => ["--volume", `${this.name(volume)}:/v/${volume}`]);
    await mustDocker([
      "run",
      "--rm",
      "--network",
      "none",
      "--user",
      "0:0",
      "--entrypoint",
      "sh",
      ...mounts,
      this.options.images.postgres,
      "-c",
      "chmod 1777 /v/*",
    ]);
    await this.fill("scripts", backupScripts());
    await this.fill(
      "dump-secrets",
      Object.fromEntries(
        this.options.databases.map((database) => [
          `database_url_${database}`,
          `postgresql://backup:${PASSWORD}@${this.name("postgres")}:5432/${database}?sslmode=disable`,
        ]),
      ),
    );
    await this.secrets(this.options.password ?? "aRepositoryPassword123");
    await this.fill("postgres-secrets", { postgres_password: SUPERUSER_PASSWORD });
    await mustDocker([
      "run",
      "--detach",
      "--name",
      this.name("postgres"),
      ...labels(this.options.prefix, "postgres"),
      "--network",
      this.network,
      "--user",
      "70:70",
      "--memory",
      "1g",
      "--tmpfs",
      "/var/run/postgresql:uid=70,gid=70",
      "--volume",
      `${this.name("postgres-secrets")}:/run/secrets:ro`,
      "--env",
      "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password",
      "--env",
      "POSTGRES_USER=postgres",
      "--env",
      "POSTGRES_INITDB_ARGS=--auth-local=scram-sha-256",
      this.options.images.postgres,
    ]);
    await until(
      "Postgres answers",
      60,
      async () =>
        (await docker(["exec", this.name("postgres"), "pg_isready", "--host=127.0.0.1", "--quiet"])).code === 0,
    );
    for (const database of this.options.databases) await this.sql(`CREATE DATABASE ${database}`, "postgres");
    await this.sql(sql, "postgres");
  }

  /** Writes the store's secrets again: another password is another repository's. */
  secrets(password: string): Promise<void> {
    const credentials = Object.fromEntries(
      Object.entries(this.options.credentials ?? {}).map(([variable, value]) => [credentialFile(variable), value]),
    );
    return this.fill("store-secrets", { restic_password: password, ...credentials });
  }

  /** As the superuser. */
  async sql(text: string, database = this.options.databases[0] ?? "postgres"): Promise<string> {
    const result = await docker(
      [
        "exec",
        "--interactive",
        "--env",
        `PGPASSWORD=${SUPERUSER_PASSWORD}`,
        this.name("postgres"),
        "psql",
        "-X",
        "-q",
        "-A",
        "-t",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        "127.0.0.1",
        "-U",
        "postgres",
        "-d",
        database,
      ],
      { input: text, timeoutSeconds: 600 },
    );
    if (result.code !== 0) throw new Error(`SQL failed: ${result.output}`);
    return result.stdout.trim();
  }

  /** Starts one of the three, with other settings for it if any are given. */
  async start(part: Part, changes: Partial<BackupSettings> = {}, network?: string): Promise<void> {
    const workload = WORKLOADS[part]({ ...this.settings, ...changes });
    await docker(["rm", "--force", this.name(part)]);
    await mustDocker([
      "run",
      "--detach",
      "--name",
      this.name(part),
      ...labels(this.options.prefix, workload.name),
      ...this.arguments(workload, network ?? this.network),
    ]);
  }

  async stop(...parts: readonly Part[]): Promise<void> {
    for (const part of parts) await docker(["rm", "--force", this.name(part)]);
  }

  /** Runs a script's command in one of the three, as a command of this project's would. */
  exec(part: Part, args: readonly string[], timeoutSeconds = 300): Promise<RunResult> {
    return docker(["exec", this.name(part), "sh", `/etc/rampart/${part}.sh`, ...args], { timeoutSeconds });
  }

  /** Runs a shell line as root over one volume, which it finds at /v. */
  inVolume(volume: string, line: string, input?: Buffer): Promise<string> {
    return mustDocker(
      [
        "run",
        "--rm",
        "--interactive",
        "--network",
        "none",
        "--user",
        "0:0",
        "--entrypoint",
        "sh",
        "--volume",
        `${this.name(volume)}:/v`,
        this.options.images.postgres,
        "-c",
        line,
      ],
      input === undefined ? {} : { input },
    );
  }

  logs(part: string): Promise<string> {
    return docker(["logs", this.name(part)]).then((result) => result.output);
  }

  async remove(): Promise<void> {
    await docker([
      "rm",
      "--force",
      "--volumes",
      ...["dump", "store", "drill", "postgres", "far"].map((part) => this.name(part)),
    ]);
    await docker([
      "volume",
      "rm",
      "--force",
      ...[...BACKUP_VOLUMES, ...SECRET_VOLUMES].map((volume) => this.name(volume)),
    ]);
    await docker(["network", "rm", this.network]);
  }

  /**
   * A server for a repository elsewhere, on the same network, with files and variables of its own;
   * the one before it is gone.
   */
  async startFar({ image, files, target, options = [], ownerOnly = [] }: FarServer): Promise<void> {
    await docker(["rm", "--force", "--volumes", this.name("far")]);
    await mustDocker(["volume", "create", this.name("repository")]);
    await this.fill("repository", files);
    for (const file of ownerOnly) await this.inVolume("repository", `chmod 0600 /v/${file}`);
    await mustDocker([
      "run",
      "--detach",
      "--name",
      this.name("far"),
      "--network",
      this.network,
      "--volume",
      `${this.name("repository")}:${target}:ro`,
      ...options,
      image,
    ]);
  }

  private async fill(volume: string, files: Readonly<Record<string, string>>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "rampart-backup-"));
    try {
      chmodSync(directory, 0o755);
      for (const [file, content] of Object.entries(files))
        writeFileSync(join(directory, file), content, { mode: 0o444 });
      const archive = await run("bash", ["-c", 'tar -C "$1" --owner=0 --group=0 -c . | base64', "-", directory]);
      await this.inVolume(volume, "rm -rf /v/* && tar -x -C /v", Buffer.from(archive.stdout, "base64"));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  private arguments(workload: Workload, network: string): string[] {
    const health = workload.healthCheck;
    return [
      "--user",
      workload.user,
      "--read-only",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges:true",
      "--restart",
      "no",
      "--memory",
      `${workload.resources.memoryMiB}m`,
      "--memory-swap",
      `${workload.resources.memoryMiB}m`,
      "--cpus",
      String(workload.resources.cpus),
      "--pids-limit",
      String(workload.resources.pids),
      "--network",
      workload.networks.length === 0 ? "none" : network,
      ...workload.mounts.flatMap((mount) =>
        mount.kind === "volume"
          ? ["--volume", `${this.name(mount.volume)}:${mount.target}:${mount.readOnly ? "ro" : "rw"}`]
          : [],
      ),
      ...workload.tmpfs.flatMap((mount) => ["--tmpfs", `${mount.path}:${renderTmpfs(mount)}`]),
      ...Object.entries(workload.environment).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...(health === undefined
        ? []
        : [
            "--health-cmd",
            health.test.slice(1).join(" "),
            "--health-interval",
            "3s",
            "--health-retries",
            "1",
            "--health-start-period",
            "0s",
          ]),
      "--entrypoint",
      workload.entrypoint?.[0] ?? "sh",
      workload.image,
      ...(workload.entrypoint?.slice(1) ?? []),
    ];
  }
}
