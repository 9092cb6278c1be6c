import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  RECORDED_KINDS,
  renderSeccompProfile,
  seccompProfile,
  type RecordedKind,
  type SeccompProfile,
} from "../../../hardening/confinement/seccomp";
import { docker } from "../lib/engine";
import { expect, type Suite } from "../lib/runner";
import type { Context, Images } from "../lib/stacks";

interface Trial {
  readonly image: keyof Images;
  /** What the program does at work, as a shell line that ends with 0 only if all of it worked. */
  readonly work: string;
  readonly options?: readonly string[];
}

const POSTGRES = [
  "initdb -D /tmp/d -U postgres --data-checksums >/dev/null",
  "pg_ctl -D /tmp/d -o '-k /tmp -c wal_level=replica' -w -l /tmp/log start >/dev/null",
  "psql -h /tmp -U postgres -qc 'create table t as select i, md5(i::text) m from generate_series(1, 50000) i'",
  "psql -h 127.0.0.1 -U postgres -qc 'create index on t (m)' -c 'vacuum full t' -c checkpoint",
  "psql -h 127.0.0.1 -U postgres -qc 'select pg_switch_wal()' >/dev/null",
  "pg_dump -h /tmp -U postgres -Fc -f /tmp/dump",
  "createdb -h /tmp -U postgres again",
  "pg_restore -h /tmp -U postgres -j 2 -d again /tmp/dump",
  "pg_basebackup -h /tmp -U postgres -D /tmp/base -X stream -c fast",
  // A backend that is killed makes the server recover from its log.
  "(psql -h /tmp -U postgres -qc 'select pg_sleep(60)' >/dev/null 2>&1 &)",
  "sleeping=\"select pid from pg_stat_activity where wait_event = 'PgSleep'\"",
  'until pid=$(psql -h /tmp -U postgres -Atc "$sleeping") && test -n "$pid"; do sleep 0.1; done',
  "kill -9 $pid",
  "for i in 1 2 3 4 5 6 7 8 9 10; do pg_isready -q -h /tmp && break; sleep 1; done",
  "test $(psql -h /tmp -U postgres -d again -Atc 'select count(*) from t') = 50000",
  "pg_ctl -D /tmp/d -m fast -w stop >/dev/null",
].join(" && ");

const REDIS_ANSWERS = "until redis-cli ping >/dev/null 2>&1; do sleep 0.1; done";
const REDIS = [
  "(redis-server --dir /tmp --appendonly yes --unixsocket /tmp/s --daemonize yes >/dev/null)",
  REDIS_ANSWERS,
  "test $(redis-cli set a 1) = OK",
  "redis-cli bgrewriteaof >/dev/null",
  "until redis-cli info persistence | grep -q aof_rewrite_in_progress:0; do sleep 0.1; done",
  "test $(redis-cli save) = OK",
  "redis-cli -s /tmp/s info persistence | grep -q aof_last_bgrewrite_status:ok",
  "redis-cli shutdown",
  "redis-server --dir /tmp --appendonly yes --daemonize yes >/dev/null",
  REDIS_ANSWERS,
  "test $(redis-cli get a) = 1",
].join(" && ");

const HAPROXY = [
  "printf 'defaults\\n mode http\\n timeout client 5s\\n timeout server 5s\\n timeout connect 5s\\n' > /tmp/h.cfg",
  "printf 'frontend f\\n bind 127.0.0.1:8080\\n http-request return status 200\\n' >> /tmp/h.cfg",
  "haproxy -c -f /tmp/h.cfg >/dev/null",
  "haproxy -W -D -p /tmp/pid -f /tmp/h.cfg",
  "master=$(head -1 /tmp/pid) && workers=/proc/$master/task/$master/children && before=$(cat $workers)",
  // Until the master has a worker that it had not before: a signal is lost while it starts.
  "until kill -USR2 $master && sleep 0.5 && after=$(cat $workers) && " +
    'test -n "$after" && test "$after" != "$before"; do :; done',
  "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q 200",
].join(" && ");

const RESTIC = [
  "export RESTIC_REPOSITORY=/tmp/r RESTIC_PASSWORD=x RESTIC_CACHE_DIR=/tmp/c",
  "restic -q init",
  "restic -q backup /etc/apt",
  "restic -q backup /etc/apt",
  "restic -q forget --keep-last 1 --prune",
  "restic -q check --read-data",
  "restic -q restore latest --target /tmp/o",
  "diff -r /etc/apt /tmp/o/etc/apt",
].join(" && ");

const TRAEFIK = [
  "options='--entrypoints.web.address=127.0.0.1:8088 --ping --ping.entrypoint=web'",
  "(traefik $options --providers.file.directory=/tmp --providers.file.watch >/tmp/log 2>&1 & echo $! > /tmp/pid)",
  "until traefik healthcheck $options >/dev/null 2>&1; do sleep 0.1; done",
  "kill -TERM $(cat /tmp/pid)",
].join(" && ");

const BUILD = [
  "mkdir /tmp/a /tmp/b && cp -r /etc/apt /tmp/a/",
  "tar czf /tmp/a.tgz -C /tmp a && tar xzf /tmp/a.tgz -C /tmp/b",
  "find /tmp/b -type f | sort | xargs -P 2 sha256sum >/dev/null",
  "perl -e 'exit 0' && mkfifo /tmp/f && ln -s a /tmp/l && flock /tmp/k true && timeout 5 true",
].join(" && ");

const NODE =
  'node -e \'const h=require("http");const s=h.createServer((q,r)=>r.end("ok"))' +
  '.listen(3000,()=>fetch("http://127.0.0.1:3000")' +
  '.then(r=>r.text()).then(t=>{require("child_process").execFileSync("true");process.exit(t==="ok"?0:1)}))\'';

/** nginx is tried where its image is: by whoever deploys it. The end-to-end images have none. */
const TRIALS: Readonly<Record<Exclude<RecordedKind, "nginx">, Trial>> = {
  build: { image: "postgres", work: BUILD },
  haproxy: { image: "haproxy", work: `bash -c "$HAPROXY"`, options: ["--env", `HAPROXY=${HAPROXY}`] },
  node: { image: "postgres", work: NODE, options: ["--volume", `${process.execPath}:/usr/local/bin/node:ro`] },
  postgres: { image: "postgres", work: POSTGRES },
  redis: { image: "redis", work: REDIS },
  restic: { image: "restic", work: RESTIC },
  traefik: { image: "traefik", work: TRAEFIK },
};

/** Runs a line under a profile, confined as Rampart's containers are. */
async function under(profile: SeccompProfile, images: Images, { image, work, options = [] }: Trial) {
  const directory = mkdtempSync(join(tmpdir(), "rampart-e2e-"));
  try {
    const file = join(directory, "profile.json");
    writeFileSync(file, renderSeccompProfile(profile));
    return await docker([
      "run",
      ...["--rm", "--network", "none", "--init", "--user", "65534:65534", "--read-only", "--cap-drop", "ALL"],
      ...["--tmpfs", "/tmp:mode=1777,size=512m", "--security-opt", "no-new-privileges"],
      ...["--security-opt", `seccomp=${file}`, "--entrypoint", "sh", ...options],
      images[image],
      ...["-c", work],
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const enforced = (kind: RecordedKind): SeccompProfile => seccompProfile(kind, { complain: false });

export const recorded: Suite<Context> = {
  name: "recorded",
  stack: "main",
  checks: [
    ...Object.entries(TRIALS).map(([kind, trial]) => ({
      name: `${kind}: the program works under its recorded profile`,
      run: async ({ images }: Context) => {
        const result = await under(enforced(kind as RecordedKind), images, trial);
        expect(result.code === 0, result.output.slice(-1500));
      },
    })),
    {
      name: "a call outside of the recording is refused under each profile",
      run: async ({ images }) => {
        for (const kind of RECORDED_KINDS) {
          const tried = await under(enforced(kind), images, { image: "postgres", work: "unshare -U true" });
          expect(tried.code !== 0 && /not permitted/.test(tried.output), `${kind}: ${tried.output}`);
        }
      },
    },
    {
      name: "a profile that lacks a call is noticed",
      run: async ({ images }) => {
        const profile = enforced("redis");
        const broken = {
          ...profile,
          syscalls: profile.syscalls.map((rule) => ({
            ...rule,
            names: rule.names.filter((name) => !["listen", "bind"].includes(name)),
          })),
        };
        const result = await under(broken, images, TRIALS.redis);
        expect(result.code !== 0, "Redis works without bind and listen");
      },
    },
  ],
};
