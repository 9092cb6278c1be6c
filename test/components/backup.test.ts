import * as pulumi from "@pulumi/pulumi";
import { Backups, DataVolume } from "../../components";
import { IMAGE_PINS } from "../../config";
import {
  configOf,
  labelsOf,
  networksOf,
  once,
  PROD,
  record,
  surroundings,
  withLocalEngine,
  type Recording,
} from "./support";

withLocalEngine();

const NAME = "rampart-prod-backups";
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nq9Zk3Lw8Vn2Xb7Rt5Yp1\n-----END OPENSSH PRIVATE KEY-----";
const SFTP = {
  repository: "sftp:backups@storage.example.com:/srv/prod",
  credentials: { SFTP_PRIVATE_KEY: { config: "backupKey" }, SFTP_KNOWN_HOSTS: { config: "backupHost" } },
  password: { config: "backupPassword" },
};
const SECRETS = {
  backupKey: KEY,
  backupHost: "storage.example.com ssh-ed25519 AAAAC3Nz",
  backupPassword: "n7Qw2Lk9Vx4Zp8Rt6Yb3Mc5",
};

const made = (backups: object, secrets: Readonly<Record<string, string>> = {}, ca?: string): Promise<Recording> =>
  record(() => {
    pulumi.runtime.setAllConfig(
      Object.fromEntries(Object.entries(secrets).map(([key, value]) => [`rampart:${key}`, value])),
      Object.keys(secrets).map((key) => `rampart:${key}`),
    );
    const { context, networks } = surroundings(configOf({ ...PROD, database: { backups } }, "prod", secrets));
    const before = new DataVolume("before", context, { owner: "postgres", protect: false, shared: false });
    const urls = {
      app: pulumi.output("postgresql://backup:x@postgres:5432/app"),
      billing: pulumi.output("postgresql://backup:x@postgres:5432/billing"),
    };
    return new Backups(NAME, context, {
      networks,
      secrets: context.secrets,
      urls,
      ...(ca === undefined ? {} : { ca: pulumi.output(ca) }),
      dependsOn: [before.volume],
    });
  }, "prod");
const local = once(() => made({}));
const remote = once(() => made(SFTP, SECRETS, "PEM"));

const files = (recording: Recording, part: string): string[] =>
  ((recording.inputs(`Container ${NAME}-${part}-carrier`)["uploads"] ?? []) as { readonly file: string }[]).map(
    ({ file }) => file.replace("/files/", ""),
  );
const mounts = (recording: Recording, part: string): string[] =>
  (
    recording.inputs(`Container ${NAME}-${part}`)["volumes"] as {
      readonly containerPath: string;
      readonly readOnly: boolean;
    }[]
  ).map(({ containerPath, readOnly }) => `${containerPath}${readOnly ? "" : " rw"}`);

describe("Backups", () => {
  test("are three containers that run without root, with a read-only root and no capability", async () => {
    const recording = await local();
    expect(
      ["backup", "backup-store", "restore-drill"].map((part) => recording.inputs(`Container ${NAME}-${part}`)["user"]),
    ).toEqual(["70:70", "65534:70", "70:70"]);
    for (const part of ["backup", "backup-store", "restore-drill"]) {
      const container = recording.get(`Container ${NAME}-${part}`);
      expect(container).toMatchObject({ parentType: "rampart:backup:Backups", deleteBeforeReplace: true });
      expect(container.inputs).toMatchObject({
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        ports: [],
        memory: 512,
        memorySwap: 512,
        cpus: "0.5",
        restart: "on-failure",
        maxRetryCount: 5,
      });
      expect(labelsOf(container)).toMatchObject({
        "io.rampart.component": "backup",
        "io.rampart.name": part,
        "io.rampart.stack": "prod",
        "io.rampart.pids-limit": "96",
      });
      expect(JSON.stringify(container.inputs)).not.toContain("docker.sock");
    }
    expect(recording.inputs(`Container ${NAME}-backup`)["image"]).toBe(IMAGE_PINS.postgres);
    expect(recording.inputs(`Container ${NAME}-backup-store`)["image"]).toBe(IMAGE_PINS.restic);
  });

  test("keep the way to the database and the way to the repository apart", async () => {
    const recording = await local();
    expect(
      ["backup", "backup-store", "restore-drill"].map((part) =>
        Object.keys(networksOf(recording.get(`Container ${NAME}-${part}`))),
      ),
    ).toEqual([["rampart-prod-internal"], [], []]);
    expect(
      ["backup-store", "restore-drill"].map((part) => recording.inputs(`Container ${NAME}-${part}`)["networkMode"]),
    ).toEqual(["none", "none"]);
    expect(mounts(recording, "backup")).toEqual(["/etc/rampart", "/state rw", "/run/secrets", "/scratch rw"]);
    expect(mounts(recording, "backup-store")).toEqual([
      "/etc/rampart",
      "/state rw",
      "/run/secrets",
      "/scratch",
      "/restored rw",
      "/repository rw",
    ]);
    expect(mounts(recording, "restore-drill")).toEqual(["/etc/rampart", "/state rw", "/restored", "/drill rw"]);
    expect(files(recording, "dump-secrets")).toEqual(["database_url_app", "database_url_billing"]);
    expect(files(recording, "store-secrets")).toEqual(["restic_password"]);
  });

  test("reach a remote repository only by the way out; credentials are files, not in the environment", async () => {
    const recording = await remote();
    expect(Object.keys(networksOf(recording.get(`Container ${NAME}-backup-store`)))).toEqual(["rampart-prod-egress"]);
    expect(mounts(recording, "backup-store")).not.toContain("/repository rw");
    expect(recording.names).not.toContain(`Volume ${NAME}-repository`);
    expect(files(recording, "store-secrets")).toEqual(["restic_password", "sftp_known_hosts", "sftp_private_key"]);
    expect(files(recording, "dump-secrets")).toEqual(["database_ca", "database_url_app", "database_url_billing"]);
    const envs = recording.inputs(`Container ${NAME}-backup-store`)["envs"];
    expect(envs).toContain("RAMPART_CREDENTIALS=SFTP_KNOWN_HOSTS SFTP_PRIVATE_KEY");
    expect(envs).toContain(`RAMPART_REPOSITORY=${SFTP.repository}`);
    for (const secret of Object.values(SECRETS)) expect(JSON.stringify(envs)).not.toContain(secret);
  });

  test("protect the repository's volume and what opens it, and nothing that can be made again", async () => {
    const recording = await local();
    expect(
      recording.resources
        .filter(({ protect }) => protect)
        .map(({ name }) => name)
        .sort(),
    ).toEqual([`${NAME}-repository`, "rampart-prod-secrets-backup-repository"]);
    expect(recording.get(`Volume ${NAME}-repository`).retainOnDelete).toBe(true);
    const open = await made({}, {});
    expect(open.names).toContain(`RandomPassword rampart-prod-secrets-backup-repository`);
    expect((await remote()).names).not.toContain(`RandomPassword rampart-prod-secrets-backup-repository`);
  });

  test("wait for the database only with the dump, and tell each container what it is to do", async () => {
    const recording = await local();
    const waits = ["backup", "backup-store", "restore-drill"].map((part) =>
      recording.get(`Container ${NAME}-${part}`).dependsOn.includes("Volume before"),
    );
    expect(waits).toEqual([true, false, false]);
    expect(recording.inputs(`Container ${NAME}-backup`)["envs"]).toEqual([
      "RAMPART_AT=02:30",
      "RAMPART_DATABASES=app billing",
      "RAMPART_MAX_AGE_HOURS=26",
      "RAMPART_STACK=prod",
    ]);
    expect(recording.inputs(`Container ${NAME}-backup-store`)["envs"]).toContain("RAMPART_KEEP=7 4 6");
    expect(recording.inputs(`Container ${NAME}-restore-drill`)["envs"]).toContain("RAMPART_DRILL_EVERY_DAYS=7");
    const without = await made({ drillEveryDays: false });
    expect(without.inputs(`Container ${NAME}-restore-drill`)["envs"]).toContain("RAMPART_DRILL_EVERY_DAYS=0");
  });
});
