/** Backups in a repository elsewhere, one protocol after the other: the containers find each of them new and empty. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BackupWorld, writeStackFile } from "../lib/backup-containers";
import { must, until } from "../lib/process";
import { REPOSITORY } from "../lib/pulumi";
import { expect, expectMatch, type Check, type Suite } from "../lib/runner";
import type { Context } from "../lib/stacks";
import { mustDocker } from "../lib/engine";
import { damagePacks, SCHEMA } from "./backup-containers";

const PREFIX = "rampart-e2e-far";
const HOST = `${PREFIX}-far`;
const DATABASES = ["app", "billing"];
const REPOSITORY_PASSWORD = "aRepositoryPassword123";
const WRONG = "wrongCredential1";

interface Far {
  readonly repository: string;
  readonly credentials: Readonly<Record<string, string>>;
}

const world = (images: Context["images"], far: Far): BackupWorld =>
  new BackupWorld({
    prefix: PREFIX,
    images,
    databases: DATABASES,
    settings: { repository: far.repository },
    credentials: far.credentials,
  });

/**
 * The store over this repository, with these credentials, as if it had never been opened:
 * where it was, a fault may be the network's.
 */
async function store(images: Context["images"], far: Far): Promise<BackupWorld> {
  const one = world(images, far);
  await one.stop("store");
  await one.inVolume("state", "rm -f /v/store/opened /v/store/closed");
  await one.secrets(REPOSITORY_PASSWORD);
  await one.start("store");
  return one;
}

async function worksWith(images: Context["images"], far: Far): Promise<string> {
  const one = await store(images, far);
  await until("the store opens its repository", 60, async () => (await one.exec("store", ["health"])).code === 0);
  const command = (name: string, ...args: string[]): Promise<string> =>
    must("node", ["bin/rampart.cjs", ...name.split(" "), PREFIX, ...args], {
      cwd: REPOSITORY,
      timeoutSeconds: 300,
    });
  expectMatch(await command("backup"), /^[0-9a-f]{64}\nThe databases as of /, "npm run backup");
  expectMatch(await command("restore-drill"), /RESTORE DRILL PASSED/, "npm run restore-drill");
  expect(
    (await command("restore"))
      .trim()
      .split("\n")
      .filter((line) => /^[0-9a-f]{8} /.test(line)).length > 0,
    "no backup is listed",
  );
  await one.sql("DELETE FROM app.items WHERE id > 10");
  await inDirectory(async (_text, _make, directory) => {
    const file = writeStackFile(directory, DATABASES);
    await command("restore", "--to", "live", "--confirm", PREFIX, "--config-file", file);
  });
  expect((await one.sql("SELECT count(*) FROM app.items")) === "100000", "the rows are not back");
  expectMatch(await command("backup repair"), /there is nothing to repair/, "npm run backup repair");
  return (await one.exec("store", ["list"])).stdout;
}

/** Changes bytes in several packs where the server keeps them, and has the command repair that. */
async function isRepaired(one: BackupWorld, directory: string): Promise<void> {
  const packs = await damagePacks(one, (line) =>
    mustDocker(["exec", "--user", "0", one.name("far"), "sh", "-c", `cd ${directory} && ${line}`]),
  );
  await one.inVolume("restored", "rm -rf /v/cache/*");
  const output = await must("node", ["bin/rampart.cjs", "backup", "repair", PREFIX, "--confirm", PREFIX], {
    cwd: REPOSITORY,
    timeoutSeconds: 300,
  });
  expectMatch(output, new RegExp(`Damaged packs \\(${packs}\\):`), "what is damaged");
  expectMatch(output, /Every byte of the repository was read again: nothing is damaged\./, "the end");
}

/** What the store says of a repository that it does not get into. */
async function refusedWith(images: Context["images"], far: Far, expected: RegExp): Promise<string> {
  const one = await store(images, far);
  const output = await until("the fault is known", 90, async () => {
    const health = await one.exec("store", ["health"]);
    return health.code === 1 && health.output.includes("cannot be read") ? health.output.trim() : undefined;
  });
  expectMatch(output, expected, "health");
  expect(
    !Object.entries(far.credentials).some(
      ([name, value]) => /PASSWORD|SECRET|PRIVATE/.test(name) && output.includes(value),
    ),
    "a credential is in the message",
  );
  return output.slice(0, 220);
}

async function inDirectory<T>(
  use: (
    text: (file: string) => string,
    make: (command: string, args: readonly string[]) => Promise<string>,
    directory: string,
  ) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "rampart-far-"));
  try {
    return await use(
      (file) => readFileSync(join(directory, file), "utf8"),
      (command, args) => must(command, args, { cwd: directory }),
      directory,
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A certificate for the server by an authority that is in no machine's trust store. */
const certificate = (): Promise<{ readonly "cert.pem": string; readonly "key.pem": string }> =>
  inDirectory(async (text, make) => {
    await make("openssl", [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${HOST}`,
      "-addext",
      `subjectAltName=DNS:${HOST}`,
      "-keyout",
      "key.pem",
      "-out",
      "cert.pem",
    ]);
    return { "cert.pem": text("cert.pem"), "key.pem": text("key.pem") };
  });

const CHECKS: readonly Check<Context>[] = [
  {
    name: "SFTP works with the right host key, and with no other",
    critical: true,
    run: ({ images }) =>
      inDirectory(async (text, make) => {
        for (const key of ["host", "client", "stranger"])
          await make("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", key]);
        const far = (host: string): Far => ({
          repository: `sftp:backups@${HOST}:/srv/backups/repository`,
          credentials: {
            SFTP_PRIVATE_KEY: text("client").trim(),
            SFTP_KNOWN_HOSTS: `${HOST} ${text(`${host}.pub`).trim()}`,
          },
        });
        const one = world(images, far("host"));
        await one.create(SCHEMA);
        for (const part of ["dump", "drill"] as const) await one.start(part);
        await one.startFar({
          image: images.sftp,
          files: { host: text("host"), authorized: text("client.pub") },
          target: "/keys",
          ownerOnly: ["host"],
        });
        await worksWith(images, far("host"));
        await isRepaired(one, "/srv/backups/repository");
        return refusedWith(
          images,
          far("stranger"),
          /cannot be read: .*(unable to open|Host key verification failed|ssh|EOF)/i,
        );
      }),
  },
  {
    name: "REST works over TLS with its name, password and authority, and with no others",
    run: async ({ images }) => {
      const tls = await certificate();
      const far = (changes: Readonly<Record<string, string>> = {}): Far => ({
        repository: `rest:https://${HOST}:8443/app`,
        credentials: {
          RESTIC_REST_USERNAME: "store",
          RESTIC_REST_PASSWORD: "aRestPassword123",
          RESTIC_CACERT: tls["cert.pem"],
          ...changes,
        },
      });
      await world(images, far()).startFar({
        image: images.rest,
        files: tls,
        target: "/tls",
        options: ["--env", "RCLONE_USER=store", "--env", "RCLONE_PASS=aRestPassword123"],
      });
      await worksWith(images, far());
      await refusedWith(images, far({ RESTIC_CACERT: (await certificate())["cert.pem"] }), /cannot be read: .*x509/);
      return refusedWith(images, far({ RESTIC_REST_PASSWORD: WRONG }), /cannot be read: .*401/);
    },
  },
  {
    name: "S3 works over TLS with its keys and authority, and with no others",
    run: async ({ images }) => {
      const tls = await certificate();
      const far = (changes: Readonly<Record<string, string>> = {}): Far => ({
        repository: `s3:https://${HOST}:8443/backups/prod`,
        credentials: {
          AWS_ACCESS_KEY_ID: "store",
          AWS_SECRET_ACCESS_KEY: "anS3Secret1234567",
          RESTIC_CACERT: tls["cert.pem"],
          ...changes,
        },
      });
      await world(images, far()).startFar({
        image: images.s3,
        files: tls,
        target: "/tls",
        options: ["--env", "ROOT_ACCESS_KEY=store", "--env", "ROOT_SECRET_KEY=anS3Secret1234567"],
      });
      await worksWith(images, far());
      await refusedWith(images, far({ RESTIC_CACERT: (await certificate())["cert.pem"] }), /cannot be read: .*x509/);
      return refusedWith(
        images,
        far({ AWS_SECRET_ACCESS_KEY: WRONG }),
        /cannot be read: .*(SignatureDoesNotMatch|signature|Access ?Denied)/i,
      );
    },
  },
  {
    name: "and all is gone when the test is over",
    run: ({ images }) => world(images, { repository: "volume", credentials: {} }).remove(),
  },
];

export const backupRepositories: Suite<Context> = {
  name: "backup repositories",
  stack: "backup repositories",
  once: true,
  checks: CHECKS,
};
